"""What a template may say, and that nothing else is possible (T47, T48)."""

import pytest

from connector.domain.errors import Fault
from connector.templates.language import MAX_TEMPLATE, Read, read, render

VALUES = {
    "account": {
        "name": "Glow & <Spa>",
        "color": "#000000",
        "logo_url": "",
        "balance_page": "https://x/balance",
    },
    "recipient": {"name": "Mia", "first_name": "Mia", "balance": "$1.00"},
    "card": None,
}


def good(text: str, *, html: bool = False) -> str:
    found = read(text, "templates/x.txt", html=html)
    assert isinstance(found, Read), found
    return render(found, VALUES)


def faults(text: str) -> list[str]:
    found = read(text, "templates/x.txt", html=False)
    assert not isinstance(found, Read), text
    assert all(isinstance(one, Fault) for one in found)
    return [str(one) for one in found]


def test_values_and_ifs() -> None:
    assert good("Hi {{ recipient.first_name }}!") == "Hi Mia!"
    assert good("{% if card %}a{% elif recipient.name == 'Mia' and not card %}b{% else %}c{% endif %}") == "b"
    assert good("{{ account.name }}", html=True) == "Glow &amp; &lt;Spa&gt;"
    assert good("100 % {# a note #}{ plain }") == "100 % { plain }"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{{ card.amonut }}", "templates/x.txt:1:4: card has no 'amonut': did you mean amount?"),
        ("\n\n{{ cart.amount }}", "templates/x.txt:3:4: there is no 'cart' here: did you mean card?"),
        ("{{ balance }}", "templates/x.txt:1:4: there is no 'balance' here: did you mean recipient.balance?"),
        ("{{ card.amount", "templates/x.txt:1:1: "),
        ("{% if card %}", "templates/x.txt:1:1: "),
        ("a\n{% endif %}", "templates/x.txt:2:1: "),
    ],
)
def test_a_slip_is_told_at_its_place_with_what_was_meant(text: str, fault: str) -> None:
    [found] = faults(text)
    assert found.startswith(fault)


def test_all_slips_are_told_at_once() -> None:
    assert len(faults("{{ card.x }}\n{{ card.y }}\n{{ nobody }}")) == 3


ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ account.__class__ }}",
    "{{ card.__init__.__globals__ }}",
    "{{ account.name.__class__ }}",
    "{{ account.name.format }}",
    "{{ account['name'] }}",
    "{{ account|attr('__class__') }}",
    "{{ account.name|format(1) }}",
    "{{ '{0.__class__}'.format(account) }}",
    "{{ lipsum.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ joiner() }}",
    "{{ namespace(x=1) }}",
    "{{ range(9) }}",
    "{{ dict(a=1) }}",
    "{{ self }}",
    "{{ self._TemplateReference__context }}",
    "{{ config }}",
    "{{ request }}",
    "{{ loop }}",
    "{{ caller() }}",
    "{{ super() }}",
    "{{ varargs }}",
    "{{ content }}",
    "{% include 'other' %}",
    "{% import 'other' as x %}",
    "{% from 'other' import x %}",
    "{% extends 'other' %}",
    "{% block a %}{% endblock %}",
    "{% set x = 1 %}",
    "{% with x = 1 %}{% endwith %}",
    "{% macro x() %}{% endmacro %}",
    "{% call x() %}{% endcall %}",
    "{% filter upper %}a{% endfilter %}",
    "{% autoescape false %}{% endautoescape %}",
    "{% raw %}{% endraw %}{{ 7 }}{{ 'a'.upper() }}",
    "{{ account.name is defined }}",
    "{{ account.name|safe }}",
    "{{ (account.name, 1) }}",
    "{{ [1] }}",
    "{{ {'a': 1} }}",
    "{{ account.name if card else 1 }}",
    "{{ account.name ~ 'a' }}",
    "{% for x in card %}{% endfor %}",
    "{% do x %}",
    "{% debug %}",
]
BOMBS = [
    "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
    "{{ 'x' * 10**9 }}",
    "{{ 10 ** 10 ** 7 % 7 }}",
    "{{ 'x'.center(10**9) }}",
    "{{ 'x' | center(10**9) }}",
    "{{ ('x' * 20000000) | wordwrap(1) }}",
    "{{ 'x'.replace('', 'y' * 10**8) }}",
    "{{ '%999999999s' % 1 }}",
    "{{ '{:999999999}'.format(1) }}",
    "{% set ns = namespace(x='a') %}{% for a in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{{ 1 }}" * 200_000,
    "{{ card }}" * 4_500,
    "{% if card %}" * 200 + "{% endif %}" * 200,
    "{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}",
    "{{ " + "not " * 5_000 + "card }}",
    "{{ " + "not " * 300 + "card }}",
    "{{ card" + " and card" * 300 + " }}",
    "{{ card" + ".a" * 5_000 + " }}",
    "x" * (MAX_TEMPLATE + 1),
]


@pytest.mark.parametrize("text", ESCAPES)
def test_no_escape_is_read(text: str) -> None:
    assert faults(text)


@pytest.mark.parametrize("text", BOMBS, ids=range(len(BOMBS)))
def test_no_bomb_is_read(text: str) -> None:
    assert faults(text)


def test_a_value_is_never_a_template() -> None:
    """T49: what a payload says appears as it is."""
    words = "{{7*7}} ${7*7} {0.__class__} %s%n {% if x %}"
    found = read("{{ recipient.name }}", "x.txt", html=False)
    assert isinstance(found, Read)
    assert render(found, {"recipient": {"name": words}}) == words
