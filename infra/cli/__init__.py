"""The operator's commands behind the Makefile: `python -m cli <verb>`, run from infra/. Standard library and boto3 only."""
