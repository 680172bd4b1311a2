"""Joins the detector of languages with the models that read them. It does not load the default model."""

from pipeline.adapters.models.cache import OnLookup
from pipeline.adapters.models.engines import OnOpened, for_language, languages_of, open_engine
from pipeline.adapters.models.fasttext import FastTextLanguages
from pipeline.adapters.models.locked_model import LockedModel
from pipeline.enrich.reading.reading import Languages
from pipeline.logs import get_log
from pipeline.ports.models import TextModel
from pipeline.settings import ModelSettings


def load_languages(
    model: ModelSettings,
    *,
    deadline_s: float | None = None,
    on_lookup: OnLookup | None = None,
    on_opened: OnOpened | None = None,
) -> Languages:
    """Returns the detector, the languages that the default model was made for, and each further model behind its
    own cache.

    Args:
        model: the settings of all of them.
        deadline_s: longest time of one call of a model; None: as long as it takes.
        on_lookup: told each cache's hits and misses after each call.
        on_opened: told of each model that is ready.

    Raises:
        ServiceMissing: a model needs torch, which is not installed.
        Misconfigured: a model is not there, damaged or not to be served, or the detector's file is missing.
        Transient: an engine does not answer.
    """
    native = languages_of(model)
    opened: dict[str, TextModel] = {}
    for code, path in model.by_language.items():
        if path not in opened:
            engine = open_engine(
                for_language(model, code), deadline_s=deadline_s, on_lookup=on_lookup, on_opened=on_opened
            )
            opened[path] = LockedModel(engine)  # batches overlap, and any of them may hold texts for this model
    models = {code: opened[path] for code, path in model.by_language.items()}
    get_log("model").info(
        "languages", made_for=sorted(native), further={code: reader.name for code, reader in models.items()}
    )
    return Languages(FastTextLanguages(), native, models)
