"""Rules for infra/template.yaml that no linter knows: `python -m unittest discover -s policy -t .`, run from infra/."""
