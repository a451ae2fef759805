"""The tables of recipes: what runs came to and gave, what stands still, which revisions there were."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    text,
)

from .columns import JsonText, Moment, id_column, metadata, public_column, ref

# What retention empties when its time is over; a run that stands goes on from its trace.
TRACED = text("trace <> '[]' AND outcome NOT IN ('waiting', 'held')")

runs = Table(
    "runs",
    metadata,
    id_column(),
    public_column(),
    ref("account_id", "accounts"),
    ref("event_id", "events", nullable=True),
    ref("contact_id", "contacts", nullable=True),
    Column("recipe", Text, nullable=False),
    Column("revision", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("place", Text),
    Column("trace", JsonText, nullable=False),
    Column("outputs", JsonText, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("replays", Text),  # the run that this one is again
    CheckConstraint(
        "outcome IN ('done', 'not_matched', 'already_done', 'held', 'skipped', 'waiting', 'failed', "
        "'shadow')",
        name="outcome",
    ),
    Index("ix_runs_account_id_id_created_at", "account_id", "id", "created_at"),
    Index("ix_runs_account_id_created_at_id", "account_id", "created_at", "id"),
    Index("ix_runs_account_id_recipe_id", "account_id", "recipe", "id"),
    Index("ix_runs_account_id_outcome_id", "account_id", "outcome", "id"),
    Index("ix_runs_contact_id_id", "contact_id", "id"),
    Index("ix_runs_event_id", "event_id"),
    Index("ix_runs_created_at", "created_at", sqlite_where=TRACED, postgresql_where=TRACED),
    Index(
        "ix_runs_replays",
        "replays",
        sqlite_where=text("replays IS NOT NULL"),
        postgresql_where=text("replays IS NOT NULL"),
    ),
)

# `value` as domain/keys_kept.py keeps it.
once_taken = Table(
    "once_taken",
    metadata,
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("recipe", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("run", Text, nullable=False),
    Column("taken_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

revisions = Table(
    "revisions",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("recipe", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

recipe_states = Table(
    "recipe_states",
    metadata,
    Column("recipe", Text, primary_key=True),
    Column("revision", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("updated_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

# What recipes gave, for their limits: on whom, how much, when. A run that is undone leaves none.
gifts = Table(
    "gifts",
    metadata,
    id_column(),
    ref("account_id", "accounts"),
    Column("recipe", Text, nullable=False),
    Column("run", Text, nullable=False),
    ref("contact_id", "contacts", nullable=True),
    ref("card_id", "cards"),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("given_at", Moment, nullable=False),
    CheckConstraint("amount > 0", name="amount"),
    Index("ix_gifts_account_id_recipe_given_at", "account_id", "recipe", "given_at"),
    Index("ix_gifts_contact_id_recipe_given_at", "contact_id", "recipe", "given_at"),
    Index("ix_gifts_run", "run"),
)

# What recipes did to points, so that it can be taken back: above 0 earned, below converted to the card.
given_points = Table(
    "given_points",
    metadata,
    id_column(),
    ref("account_id", "accounts"),
    Column("run", Text, nullable=False),
    ref("contact_id", "contacts"),
    Column("points", BigInteger, nullable=False),
    ref("card_id", "cards", nullable=True),
    Column("given_at", Moment, nullable=False),
    Index("ix_given_points_run", "run"),
    Index("ix_given_points_contact_id", "contact_id"),
)

# One row a recipe with limits: whoever counts its gifts holds it, so that two never both find room.
recipe_locks = Table(
    "recipe_locks",
    metadata,
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("recipe", Text, primary_key=True),
    sqlite_with_rowid=False,
)

# Runs that wait for a moment, or for a person until one; the row goes when the run goes on.
# `tries`: how often it could not, so that it is tried again later and holds up no other.
standing_runs = Table(
    "standing_runs",
    metadata,
    Column("run", Text, primary_key=True),
    ref("account_id", "accounts"),
    Column("kind", Text, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("journal_sealed", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    CheckConstraint("kind IN ('wait', 'hold', 'limit')", name="kind"),
    Index("ix_standing_runs_account_id_due_at", "account_id", "due_at"),
)

# Runs that an event can take back: `key` is what the recipe's `same` gave on the event that began it, as
# domain/keys_kept.py keeps it; `revision`, by whose clause.
# `source`: who told that event; none where it was one of our own.
undoable_runs = Table(
    "undoable_runs",
    metadata,
    id_column(),
    ref("account_id", "accounts"),
    Column("recipe", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("revision", Text, nullable=False, server_default=text("''")),
    Column("run", Text, nullable=False, unique=True),
    Column("until", Moment, nullable=False),
    Column("undone_at", Moment),
    Column("source", Text),
    Column("contact_id", BigInteger),
    Index("ix_undoable_runs_account_id_recipe_key", "account_id", "recipe", "key"),
    Index("ix_undoable_runs_contact_id", "contact_id"),
)

# Undos that came, for what comes late: a run about the same, of an event of no later moment than `at`, is
# refused until `until`. `told_at`: when it came.
early_undos = Table(
    "early_undos",
    metadata,
    id_column(),
    ref("account_id", "accounts"),
    Column("recipe", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("source", Text),
    Column("contact_id", BigInteger),
    Column("event", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("told_at", Moment, nullable=False, server_default=text("0")),
    Column("until", Moment, nullable=False),
    Index("ix_early_undos_account_id_recipe_key", "account_id", "recipe", "key"),
    Index("ix_early_undos_until", "until"),
    Index("ix_early_undos_contact_id", "contact_id"),
)

# Who is watched for a recipe's goal, the control group too, and the first event for each of its names.
goal_members = Table(
    "goal_members",
    metadata,
    id_column(),
    ref("account_id", "accounts"),
    ref("contact_id", "contacts"),
    Column("recipe", Text, nullable=False),
    Column("revision", Text, nullable=False, server_default=text("''")),
    Column("run", Text, nullable=False),
    Column("is_control", Boolean, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Index("ix_goal_members_contact_id_until", "contact_id", "until"),
    Index("ix_goal_members_account_id_recipe_since", "account_id", "recipe", "since"),
)

goal_hits = Table(
    "goal_hits",
    metadata,
    Column("member_id", BigInteger, ForeignKey("goal_members.id"), primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("event", Text, nullable=False),
    Column("at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

# What events told, for `same_as`: the second tool that tells of it pays nothing. `subject` as
# domain/keys_kept.py keeps it.
sightings = Table(
    "sightings",
    metadata,
    id_column(),
    ref("account_id", "accounts"),
    ref("contact_id", "contacts"),
    Column("recipe", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("source", Text, nullable=False),
    Column("event", Text, nullable=False),
    Index("ix_sightings_contact_id_recipe_subject_at", "contact_id", "recipe", "subject", "at"),
)

# When it was last said that a recipe is silent, so that it is said once in its period.
silences = Table(
    "silences",
    metadata,
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("recipe", Text, primary_key=True),
    Column("told_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

# Where each recipe with a schedule is, one row for each account. `plan`: by what `next_at` was worked out.
# While a tick is being gone over, `cursor_at` and `cursor_id` say behind whom to go on,
# and `upto_id` is the newest row that has a turn.
schedule_ticks = Table(
    "schedule_ticks",
    metadata,
    Column("account_id", BigInteger, ForeignKey("accounts.id"), primary_key=True, autoincrement=False),
    Column("recipe", Text, primary_key=True),
    Column("plan", Text, nullable=False),
    Column("planned_at", Moment, nullable=False),
    Column("next_at", Moment),
    Column("tick_at", Moment),
    Column("cursor_at", Moment),
    Column("cursor_id", BigInteger),
    Column("upto_id", BigInteger, nullable=False, server_default="0"),
    Column("counts", JsonText, nullable=False),
    Column("ended_at", Moment),
    sqlite_with_rowid=False,
)

# Messages of ours that a recipe begins on, until it has; `chain`: the recipes by whose runs it came about.
message_starts = Table(
    "message_starts",
    metadata,
    Column("message", Text, primary_key=True),
    ref("account_id", "accounts"),
    Column("run", Text),
    Column("chain", JsonText, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_at", Moment, nullable=False),
    Index("ix_message_starts_due_at", "due_at"),
)
