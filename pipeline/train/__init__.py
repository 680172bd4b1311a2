"""Fine-tunes and exports the model that ships in `weights/`. The extra `torch` is needed."""

NEEDS_TORCH = "training needs the extra `torch`: `make setup-torch`, or pip install 'earshot[torch]'"
