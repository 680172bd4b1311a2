"""Runs the baseline that most people would write first: a Faust agent that asks `transformers.pipeline` for each
post.

It runs as `python -m pipeline.bench.stage.plain_faust BOOTSTRAP MODEL_FOLDER DATA_FOLDER`. It uses default
threads, the float parent of the shipped model, one post at a time and the default acknowledgement. The extra
`torch` is needed.
"""

import json
import sys
from typing import Any

OUTPUT_TOPIC = "bench.plain"


def main(bootstrap: str, model_folder: str, data_folder: str) -> None:
    """Works until SIGTERM."""
    import faust
    from transformers import pipeline

    app = faust.App(
        "earshot-bench-plain",
        broker=f"kafka://{bootstrap}",
        datadir=data_folder,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
    )
    raw = app.topic("posts.raw", value_type=bytes, value_serializer="raw")
    out = app.topic(OUTPUT_TOPIC, value_type=bytes, value_serializer="raw")
    classify = pipeline("sentiment-analysis", model=model_folder)

    async def score(stream: Any) -> None:
        async for value in stream:
            post = json.loads(value)
            # Truncation works as in the shipped engine. The model would refuse a longer text.
            result = classify(post.get("text") or "", truncation=True, max_length=128)[0]
            await out.send(value=json.dumps({"post_id": post["post_id"], "sentiment": result}).encode())

    app.agent(raw, name="score")(score)
    faust.Worker(app, loglevel="warning").execute_from_commandline()


if __name__ == "__main__":
    main(*sys.argv[1:])
