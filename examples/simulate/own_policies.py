"""Three policies of one's own beside a preset, on the same twenty days."""

from pathlib import Path
from textwrap import fill

from desk_policies import Idling, MaxWeight, Threshold
from routematch import report
from routematch.policies import longest_idle
from routematch.simulation import Scenario, simulate_report

MEASURES = ("Value", "Service level", "Average speed", "Abandonment")
DESK = Path(__file__).with_name("desk.toml")


def main() -> None:
    """Print the summary and the differences to the preset."""
    desk = Scenario.loads(DESK.read_text(encoding="utf-8"))
    compared = simulate_report(desk, [longest_idle(), Threshold(), MaxWeight(), Idling()], replications=20)
    summary, differences = (
        next(table for table in compared.tables() if table.title.startswith(title)) for title in ("Summary", "Differ")
    )
    for table in (summary, differences):
        heads = (*MEASURES, "measure")
        print("\n".join(line for line in report.text(table).splitlines() if line.startswith(heads)), end="\n\n")
    for sentence in compared.findings():
        print(fill(sentence, 100))


if __name__ == "__main__":
    main()
