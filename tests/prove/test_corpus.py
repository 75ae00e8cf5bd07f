"""What is read of the corpus of mails, by language: by itself, by a person, wrongly."""

from collections import Counter
from collections.abc import Callable

from tests.corpus import judging
from tests.corpus.judging import EXPECTED, Verdict

SEED = 0  # nothing is drawn: every mail is judged


def test_mails_are_read_by_themselves_or_asked_about_and_never_wrongly(
    figure: Callable[[str, str, int], None],
) -> None:
    honest = [name for name, said in EXPECTED.items() if not said["spoofed"]]
    verdicts = {name: judging.judge(name).verdict for name in honest}
    readable = [name for name in honest if EXPECTED[name]["act"]]

    assert Verdict.WRONG not in verdicts.values()
    total, read = Counter[str](), Counter[str]()
    for name in readable:
        language = EXPECTED[name]["language"]
        total[language] += 1
        read[language] += verdicts[name] is Verdict.READ
    each = ", ".join(f"{one} {read[one]} of {total[one]}" for one in sorted(total))
    asked = sum(verdicts[name] is Verdict.ASKED for name in honest if name not in readable)
    figure(
        f"mails of the corpus ({len(EXPECTED)}, {len(EXPECTED) - len(honest)} of them spoofed)",
        f"{sum(read.values())} of {len(readable)} read without a person ({each}), 0 wrongly; "
        f"{asked} of {len(honest) - len(readable)} that only a person may read went to one",
        SEED,
    )
