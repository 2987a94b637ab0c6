"""Says how the hub command ends: a code for programs and one line for people.

A mistake or a circumstance is one helpful line; anything else is a bug and keeps its trace.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
)

from chalicelib.vocabulary.errors import HubError, Misconfigured, Transient
from ops.stages.faults import Faults


class Code(IntEnum):
    """The exit codes that programs are told."""

    GOOD = 0
    UNEXPECTED = 1
    USAGE = 2
    WAITING = 3
    PARKED = 4
    NOT_FOUND = 5
    UNREACHABLE = 6


LEGEND = (
    "Exit codes: 0 good, 1 unexpected, 2 usage or faulty configuration, 3 something waits, 4 something is "
    "parked or quarantined, 5 not found, 6 cannot reach the stage."
)


class Stop(Exception):
    """The command ends here; an operator is told its line and nothing else."""

    def __init__(self, code: Code, line: str) -> None:
        super().__init__(line)
        self.code = code
        self.line = line


_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, ProfileNotFound, TokenRetrievalError)
_REFUSED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_STALE = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}


@contextmanager
def explained(where: str = "AWS") -> Iterator[None]:
    """Turn every known failure into a `Stop`."""
    try:
        yield
    except Faults as faults:
        raise Stop(Code.USAGE, str(faults)) from faults
    except _CREDENTIALS as error:
        line = "no AWS credentials: run `aws configure`, or set AWS_PROFILE or AWS_ACCESS_KEY_ID"
        raise Stop(Code.UNREACHABLE, line) from error
    except NoRegionError as error:
        raise Stop(
            Code.UNREACHABLE, "no AWS region: run `aws configure`, or set AWS_DEFAULT_REGION"
        ) from error
    except ClientError as error:
        raise _refused(error) from error
    except BotoCoreError as error:
        raise Stop(Code.UNREACHABLE, f"cannot reach {where}: {error}") from error
    except Transient as error:
        raise Stop(Code.UNREACHABLE, f"cannot reach {where} now ({error})") from error
    except Misconfigured as error:
        raise Stop(Code.USAGE, f"{error}") from error
    except HubError as error:
        raise Stop(Code.UNEXPECTED, f"{error}") from error


def _refused(error: ClientError) -> Stop:
    code = str(error.response.get("Error", {}).get("Code", ""))
    said = error.response.get("Error", {}).get("Message", code)
    if code in _STALE:
        return Stop(Code.UNREACHABLE, f"AWS does not take these credentials ({code}): sign in again")
    if code in _REFUSED:
        return Stop(Code.UNREACHABLE, f"these credentials may not do that: {said}")
    return Stop(Code.UNREACHABLE, f"AWS refused: {said}")
