"""Tests of the operator's commands: `python -m unittest discover -s cli/tests -t .`, run from infra/."""
