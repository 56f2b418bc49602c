"""What may be called what: clusters, services, environments and teams carry DNS labels."""

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

DNS_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"

dns_label = RegexValidator(
    rf"\A{DNS_LABEL}\Z",
    _("Use 1 to 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit."),
    "dns_label",
)
