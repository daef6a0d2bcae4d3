"""`make bench`: see run.py. The tests' folder comes first on the path, as it does for pytest."""

import sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.exit(import_module("bench.run").main())
