"""The frame of every report's page: one self-contained HTML file, readable offline and printable.

Cells and bodies are HTML already; every other text is escaped here.
"""

import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Final, Literal

PAGE: Final = "index.html"
Mood = Literal["good", "bad", "none"]
_PAGE: Final = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title><style>$style</style></head>
<body><main>$body</main></body></html>
""")
_STYLE: Final = """
:root{--ink:#1d2433;--soft:#667085;--line:#e4e7ec;--paper:#fff;--ground:#f6f7f9;
--good:#12805c;--bad:#c0362c;--reuse:#2f6fde;--none:#98a2b3;--run:#4f5d75}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#98a2b3;--line:#2b3345;--paper:#171c27;
--ground:#0f131b;--good:#3ecf9a;--bad:#ff7a6b;--reuse:#7aa7ff;--run:#8c9ab5}}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1020px;margin:0 auto;padding:32px 20px 64px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:17px;margin:0 0 12px}
section{background:var(--paper);border:1px solid var(--line);border-radius:12px;
padding:20px;margin-top:16px;overflow-x:auto}
.sub{color:var(--soft);margin:0}.badge{display:inline-block;border-radius:999px;padding:1px 10px;
font-size:13px;font-weight:600;border:1px solid currentColor;vertical-align:middle}
.good{color:var(--good)}.bad{color:var(--bad)}.reuse{color:var(--reuse)}.none{color:var(--none)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th{font-weight:500;color:var(--soft);text-align:left;font-size:13px}
td,th{padding:6px 12px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}
tr:last-child td{border-bottom:0}.num{text-align:right}
code,pre{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,monospace;overflow-wrap:anywhere}
pre{margin:6px 0 0;white-space:pre-wrap}dl{display:grid;grid-template-columns:max-content 1fr;
gap:4px 18px;margin:0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
svg{display:block;width:100%;height:auto}svg text{fill:var(--ink);font:12px system-ui,sans-serif}
svg .soft{fill:var(--soft)}details summary{cursor:pointer}
"""


def sheet(title: str, body: Iterable[str], *, style: str = "") -> str:
    """A whole page; `style` comes after what all pages share."""
    return _PAGE.substitute(title=escape(title), style=_STYLE + style, body="".join(body))


def section(heading: str, content: str) -> str:
    """A box of the page; nothing where there is no content."""
    return f"<section><h2>{escape(heading)}</h2>{content}</section>" if content else ""


def badge(text: str, mood: Mood) -> str:
    """A word that an eye finds."""
    return f'<span class="badge {mood}">{escape(text)}</span>'


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Names and what they are; nothing where there are none."""
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs)
    return f"<dl>{lines}</dl>" if lines else ""


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are HTML already; nothing where there are no rows."""
    if not rows:
        return ""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    lines = (f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{''.join(lines)}</table>"


def write_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Write a report's files; the folder appears complete or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".writing-"))
    try:
        for name, text in files.items():
            (temporary / name).write_text(text, "utf-8")
        temporary.chmod(0o755)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
