"""SNS: keep every message that reaches a topic, as it was sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from moto.sns.models import Topic


def restore(post: Callable[[dict[str, Any]], None]) -> None:
    """Hand each published message to `post` before moto delivers it.

    AWS delivers to endpoints outside the account (mail, chat); a test has none,
    so it reads the outbox. `MessageStructure=json` documents are kept whole.
    """
    publish = Topic.publish

    @wraps(publish)
    def record_and_publish(
        self: Topic,
        message: str,
        subject: str | None = None,
        message_attributes: dict[str, Any] | None = None,
        group_id: str | None = None,
        deduplication_id: str | None = None,
        message_structure: str | None = None,
    ) -> str:
        post(
            {
                "topic_arn": self.arn,
                "subject": subject,
                "message": message,
                "message_structure": message_structure,
                "attributes": message_attributes or {},
            }
        )
        return publish(
            self,
            message,
            subject=subject,
            message_attributes=message_attributes,
            group_id=group_id,
            deduplication_id=deduplication_id,
            message_structure=message_structure,
        )

    topic: Any = Topic
    topic.publish = record_and_publish
