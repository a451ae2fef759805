"""The letters that can be written: files of one folder over those that came with the program.

`NAME.txt` is an e-mail, its first line `Subject: …`, `NAME.html` the same for eyes, `NAME.sms` a text
message; `_layout.txt` and `_layout.html` stand around every e-mail. `NAME.de.txt` is the letter in another
language, for who reads that. The rule that holds: what is on the shelf was checked whole, and whatever speaks
of a card tells what the recipient must know.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from jinja2 import TemplateError
from markupsafe import Markup

from ..domain.errors import Fault, FaultyFiles
from ..domain.notifications import Letter, Written, one_line
from .language import CONTENT, Read, read, render, why

SHIPPED: Final = Path(__file__).parent / "shipped"
FOLDER: Final = "templates"
KINDS: Final = ("txt", "html", "sms")
LAYOUT: Final = "_layout"
MAX_FILES: Final = 500
MAX_WRITTEN: Final = 256 * 1024  # characters; values have their own limits far below
MAX_SMS: Final = 1_600  # what Twilio takes: ten parts
_NAME: Final = re.compile(r"(?:[a-z0-9][a-z0-9-]{0,62}|_layout)(?:\.[a-z]{2,3})?", re.ASCII)
_SUBJECT: Final = re.compile(r"Subject:[ \t]*(?P<subject>[^\n]*\S)[ \t]*\r?\n", re.ASCII)
_GAPS: Final = re.compile(r"(?:[ \t]*\r?\n){3,}")
_TERMS: Final[Mapping[str, tuple[str, ...]]] = {
    "what is on it": ("card.amount", "card.balance"),
    "its currency": ("card.currency", "card.amount", "card.balance"),
    "until when it is valid": ("card.expires", "card.validity"),
    "who stands for it": ("account.name",),
    "where its balance is seen": ("card.link", "account.balance_page"),
}
"""What a letter that speaks of a card has to tell, by any of these names (acceptance, closing table)."""


@dataclass(frozen=True, slots=True)
class Files:
    """One name's files, read: by which ways it goes follows from which there are."""

    subject: Read | None = None
    parts: Mapping[str, Read] = field(default_factory=dict)

    @property
    def ways(self) -> tuple[str, ...]:
        told = {"email": "txt", "sms": "sms"}
        return tuple(way for way, kind in told.items() if kind in self.parts)

    def speaks_of_card(self, way: str) -> bool:
        """Whether it cannot be written without a card."""
        kinds = ("sms",) if way == "sms" else ("txt", "html")
        said = [self.parts[kind].says for kind in kinds if kind in self.parts]
        said += [self.subject.says] if self.subject is not None and way == "email" else []
        return any(name.startswith("card.") for names in said for name in names)


class CannotWrite(Exception):
    """This letter cannot be written with these values."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Every letter by name, `NAME.de` in another language; what stands around e-mails, by language."""

    letters: Mapping[str, Files]
    layout: Mapping[str, Read]
    layouts: Mapping[str, Mapping[str, Read]] = field(default_factory=dict)

    def kinds(self) -> dict[str, Letter]:
        """What is known of each letter beforehand."""
        return {
            name: Letter(one.ways, tuple(way for way in one.ways if one.speaks_of_card(way)))
            for name, one in self.letters.items()
            if "." not in name
        }

    def speaks(self, name: str, way: str, language: str) -> bool:
        """Whether the letter is there in this language; in English each is."""
        own = self.letters.get(f"{name}.{language}")
        return language == "en" or (own is not None and way in own.ways)

    def write(self, name: str, way: str, values: Mapping[str, Any], language: str = "en") -> Written:
        """The letter with these values, in this language where it is there; or CannotWrite."""
        own = self.letters.get(f"{name}.{language}")
        letter = own if own is not None and way in own.ways else self.letters.get(name)
        layout = self.layout if letter is not own else {**self.layout, **self.layouts.get(language, {})}
        if letter is None or way not in letter.ways:
            raise CannotWrite(f"there is no template {name} for {way}")
        try:
            if way == "sms":
                text = " ".join(render(letter.parts["sms"], values).split())
                if len(text) > MAX_SMS:
                    raise CannotWrite(f"the text has {len(text)} characters; {MAX_SMS} are the most")
                return Written(text)
            return self._mail(letter, values, layout)
        except TemplateError as fault:
            raise CannotWrite(f"template {name}: {why(fault)}") from fault

    def _mail(self, letter: Files, values: Mapping[str, Any], layout: Mapping[str, Read]) -> Written:
        assert letter.subject is not None
        text = _framed(layout.get("txt"), render(letter.parts["txt"], values), values)
        text = _GAPS.sub("\n\n", text).strip() + "\n"  # lines that had nothing but an `if`
        html = ""
        if "html" in letter.parts:
            inner = Markup(render(letter.parts["html"], values))  # noqa: S704
            html = _framed(layout.get("html"), inner, values)
        if len(text) + len(html) > MAX_WRITTEN:
            raise CannotWrite(f"the letter has more than {MAX_WRITTEN} characters")
        return Written(text, one_line(render(letter.subject, values), 250), html)


def _framed(around: Read | None, inner: str, values: Mapping[str, Any]) -> str:
    return inner if around is None else render(around, {**values, CONTENT: inner})


EMPTY: Final = Shelf({}, {})


def load(folder: Path | None = None) -> Shelf:
    """The shelf of `folder` over the shipped one; FaultyFiles with everything that is wrong in it."""
    own = {} if folder is None else _own(folder)
    texts = {**_without(_texts(SHIPPED, []), own), **own}
    faults: list[Fault] = []
    parts: dict[str, dict[str, Read]] = {}
    subjects: dict[str, Read] = {}
    for (name, kind), (text, file) in sorted(texts.items()):
        subject, body, first_line = _parted(name, kind, text, file, faults)
        if subject is not None:
            found = _read(subject, file, faults, kind="txt", name=name)
            if found is not None:
                subjects[name] = found
        read_body = _read(body, file, faults, kind=kind, name=name, first_line=first_line)
        if read_body is not None:
            parts.setdefault(name, {})[kind] = read_body
    layout = parts.pop(LAYOUT, {})
    layouts = {name.partition(".")[2]: parts.pop(name) for name in list(parts) if _is_layout(name)}
    letters = {name: Files(subjects.get(name), kinds) for name, kinds in parts.items()}
    if not faults:
        files = {key: file for key, (_, file) in texts.items()}
        for name, letter in letters.items():
            around = {**layout, **layouts.get(name.partition(".")[2], {})}
            faults += _wrong(name, letter, around, files)
    if faults:
        raise FaultyFiles(sorted(faults))
    return Shelf(letters, layout, layouts)


_Texts = dict[tuple[str, str], tuple[str, str]]


def _is_layout(name: str) -> bool:
    return _base(name) == LAYOUT


def _without(shipped: _Texts, own: _Texts) -> _Texts:
    """Whoever writes a letter, or the layout, anew means it for everybody: ours in other languages go too."""
    names = {name for name, _ in own}
    return {key: text for key, text in shipped.items() if "." not in key[0] or _base(key[0]) not in names}


def _base(name: str) -> str:
    return name.partition(".")[0]


def _own(folder: Path) -> _Texts:
    faults: list[Fault] = []
    found = _texts(folder, faults) if folder.is_dir() else {}
    if faults:
        raise FaultyFiles(faults)
    return found


def _texts(folder: Path, faults: list[Fault]) -> _Texts:
    """Name and kind → text and how faults call the file. What is no template is passed over."""
    found: _Texts = {}
    paths = [path for path in sorted(folder.iterdir()) if path.suffix.removeprefix(".") in KINDS]
    if len(paths) > MAX_FILES:
        faults.append(Fault(FOLDER, 1, 1, f"more than {MAX_FILES} templates"))
    for path in paths[:MAX_FILES]:
        file = f"{folder.name}/{path.name}"
        if not _NAME.fullmatch(path.stem):
            faults.append(Fault(file, 1, 1, "a template's name has small letters, digits and dashes"))
            continue
        try:
            text = path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            reason = "it is not UTF-8" if isinstance(fault, UnicodeDecodeError) else str(fault.strerror)
            faults.append(Fault(file, 1, 1, f"it cannot be read: {reason}"))
            continue
        found[path.stem, path.suffix.removeprefix(".")] = (text, file)
    return found


def _parted(name: str, kind: str, text: str, file: str, faults: list[Fault]) -> tuple[str | None, str, int]:
    """Subject, body, and the line on which the body begins."""
    if kind != "txt" or _is_layout(name):
        return None, text, 1
    head = _SUBJECT.match(text)
    if head is None:
        faults.append(Fault(file, 1, 1, "the first line of an e-mail is its subject: `Subject: …`"))
        return None, text, 1
    body = text[head.end() :].lstrip("\r\n")
    return head["subject"], body, 1 + text.removesuffix(body).count("\n")


def _read(
    text: str, file: str, faults: list[Fault], *, kind: str, name: str, first_line: int = 1
) -> Read | None:
    found = read(text, file, html=kind == "html", first_line=first_line, layout=_is_layout(name))
    if isinstance(found, Read):
        return found
    faults.extend(found)
    return None


def _wrong(
    name: str, letter: Files, layout: Mapping[str, Read], files: Mapping[tuple[str, str], str]
) -> list[Fault]:
    """What a letter of files that are good one by one lacks as a whole."""
    found = []
    if "html" in letter.parts and "txt" not in letter.parts:
        found.append(Fault(files[name, "html"], 1, 1, f"an e-mail in HTML needs its text too: {name}.txt"))
    hidden = [("sms", letter.parts.get("sms")), ("txt", letter.subject)]
    for kind, part in hidden:
        if part is not None and "card.code" in part.says:
            where = "a text message" if kind == "sms" else "a subject"
            told = f"a card's code does not stand in {where}, which anybody can see: write card.link"
            found.append(Fault(files[name, kind], 1, 1, told))
    for kind, part in letter.parts.items():
        said = part.says | (layout[kind].says if kind in layout else frozenset())
        if not any(one.startswith("card.") for one in part.says):
            continue
        for what, names in _TERMS.items():
            if not said & set(names):
                message = f"it speaks of a card and does not tell {what}: {' or '.join(names)}"
                found.append(Fault(files[name, kind], 1, 1, message))
    return found
