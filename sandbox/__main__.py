"""`python -m sandbox`."""

import sys

from sandbox.commandline import main

sys.exit(main())
