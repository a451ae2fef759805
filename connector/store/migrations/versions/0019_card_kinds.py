"""Which kinds of cards were made when: two small tables, and the triggers that fill them, whoever writes.

A migration that makes the table of cards anew on SQLite must make its triggers anew too.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_KINDS_OF_ALL = """
    INSERT INTO card_kinds SELECT DISTINCT account_id, coalesce(program, ''), coalesce(recipe, ''),
        source, currency, created_at / 2419200000000 FROM cards
"""
_ENDS_OF_ALL = """
    INSERT INTO card_ends SELECT DISTINCT account_id, created_at / 604800000000, expires_at / 604800000000
        FROM cards WHERE expires_at IS NOT NULL
"""
_NOTED = """
    INSERT INTO card_kinds SELECT NEW.account_id, coalesce(NEW.program, ''), coalesce(NEW.recipe, ''),
        NEW.source, NEW.currency, NEW.created_at / 2419200000000
        WHERE NOT EXISTS (SELECT 1 FROM card_kinds AS known WHERE known.account_id = NEW.account_id
        AND known.program = coalesce(NEW.program, '') AND known.recipe = coalesce(NEW.recipe, '')
        AND known.source = NEW.source AND known.currency = NEW.currency
        AND known.made = NEW.created_at / 2419200000000);
    INSERT INTO card_ends SELECT NEW.account_id, NEW.created_at / 604800000000, NEW.expires_at / 604800000000
        WHERE NEW.expires_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM card_ends AS known WHERE known.account_id = NEW.account_id
        AND known.made = NEW.created_at / 604800000000 AND known.ends = NEW.expires_at / 604800000000);
"""
_WHEN = {
    "made": "AFTER INSERT ON cards FOR EACH ROW",
    "changed": "AFTER UPDATE OF account_id, program, recipe, source, currency, created_at, expires_at"
    " ON cards FOR EACH ROW",
}


def upgrade() -> None:
    kind = ("program", "recipe", "source", "currency")
    op.create_table(
        "card_kinds",
        _number("account_id"),
        *(sa.Column(name, sa.Text(), nullable=False) for name in kind),
        _number("made"),
    )
    op.create_index("ix_card_kinds_account_id", "card_kinds", ["account_id", *kind, "made"])
    op.create_table(
        "card_ends",
        *(_number(name) for name in ("account_id", "made", "ends")),
    )
    op.create_index("ix_card_ends_account_id", "card_ends", ["account_id", "made", "ends"])
    op.execute(_KINDS_OF_ALL)
    op.execute(_ENDS_OF_ALL)
    body = f"BEGIN {_NOTED} END"
    if op.get_bind().dialect.name == "postgresql":
        body = "EXECUTE FUNCTION note_card()"
        noting = f"BEGIN {_NOTED} RETURN NULL; END"
        op.execute(f"CREATE FUNCTION note_card() RETURNS trigger LANGUAGE plpgsql AS $$ {noting} $$")
    for name, when in _WHEN.items():
        op.execute(f"CREATE TRIGGER note_cards_{name} {when} {body}")


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)
