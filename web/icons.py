"""The Lucide icons that pages may use; `manage.py vendor_assets` cuts static/icons.svg from this list."""

ICONS: frozenset[str] = frozenset(
    """
    activity anchor arrow-down arrow-left arrow-right arrow-right-left arrow-up arrow-up-right ban bell box boxes building-2
    calendar-clock check chevron-down chevron-left chevron-right chevron-up circle-alert circle-check circle-dashed
    circle-dot circle-help circle-pause circle-stop circle-user circle-x clock columns-3 command container copy
    corner-down-left cpu database ellipsis external-link eye eye-off file-code-2 file-text filter flask-conical gauge
    git-branch git-commit-horizontal git-compare globe hard-drive hash heart-pulse history hourglass house info key-round
    keyboard layers leaf link list loader-circle lock log-in log-out memory-stick menu minus monitor moon network package
    pause pencil play plug plus refresh-cw rocket rotate-ccw scale scroll-text search server settings shield shield-check
    ship-wheel skip-forward square-check sun tag tags terminal trash-2 triangle-alert undo-2 unplug upload user users
    wifi-off workflow wrench x zap
    """.split()
)
