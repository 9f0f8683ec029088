"""`python -m generator` is `vcam-emoji-generator`."""

import sys

from generator.cli import main

sys.exit(main())
