"""What the pages say of the command exists: verbs, and options of each verb."""

import re
import shlex

import pytest

from fovea.cli import main

from .pages import PAGES, blocks, name, prose

_OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")
# Options of other commands that the pages speak of.
FOREIGN = {"--preload"}


def _options(command):
    return {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}


VERBS = {verb: _options(command) | {"-h", "--help"} for verb, command in main.commands.items()}
ALL = set().union(*VERBS.values(), _options(main))


def _calls(text):
    """The words of each call of the command in a block for the shell."""
    for line in text.replace("\\\n", " ").splitlines():
        words = (
            shlex.split(line.removeprefix("$ "), comments=True) if re.match(r"(\$ )?([A-Z_]+=\S+ )?\w", line) else []
        )
        for number, word in enumerate(words):
            if word == "fovea" and number + 1 < len(words):
                end = words.index("|", number) if "|" in words[number:] else len(words)
                yield words[number + 1 : end]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_calls_name_verbs_and_their_options(page):
    shell = [block.text for block in blocks(page) if block.language == "sh"]
    console = [
        line for block in blocks(page) if block.language == "console" for line in re.findall(r"(?m)^\$ .*$", block.text)
    ]
    for verb, *words in (call for text in [*shell, *console] for call in _calls(text)):
        assert verb in VERBS, f"fovea {verb}: no such verb"
        named = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert named <= VERBS[verb], f"fovea {verb} has no {named - VERBS[verb]}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_options_in_sentences_exist(page):
    code = " ".join(re.findall(r"`([^`\n]+)`", prose(page)))
    assert {option for option in _OPTION.findall(code) if option.startswith("--")} <= ALL | FOREIGN


def _text(page):
    return next(each for each in PAGES if name(each) == page).read_text(encoding="utf-8")


def _of_verb(verb):
    """What the page of the command says of a verb, and of all verbs; ``eval`` has a page of its own."""
    sections = re.split(r"(?m)^## (.+)$", _text("docs/cli.md"))
    told = dict(zip(sections[1::2], sections[2::2], strict=True))
    headings = ["Errors and exit codes", *(heading for heading in told if verb in heading.split(", "))]
    headings += ["Both"] if verb in ("encode", "decode") else []
    return "\n".join([*(told[heading] for heading in headings), _text("docs/evaluation.md") if verb == "eval" else ""])


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_is_described_with_its_verb(verb):
    options = {option for option in VERBS[verb] if option.startswith("--")} - {"--help"}
    told = _OPTION.findall(_of_verb(verb))
    assert options <= set(told), f"the docs do not tell of {options - set(told)} of fovea {verb}"
