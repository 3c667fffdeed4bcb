"""The tables of the workspace database. Events are only ever added; order is by sequence, never by clock."""

import sqlalchemy as sa

VERSION = 3  # raised with every change that an older Chaffinch could not read; 2: branches, selections; 3: sampled
metadata = sa.MetaData()

meta = sa.Table(
    "meta", metadata, sa.Column("key", sa.String(64), primary_key=True), sa.Column("value", sa.Text, nullable=False)
)

run = sa.Table(
    "run",
    metadata,
    sa.Column("run_id", sa.String(128), primary_key=True),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False, default=""),
    sa.Column("modality", sa.String(16), nullable=False, default=""),
    sa.Column("rows", sa.Integer, nullable=False, default=0),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("stage", sa.Text, nullable=False, default=""),
    sa.Column("done", sa.Integer, nullable=False, default=0),
    sa.Column("total", sa.Integer, nullable=False, default=0),
    sa.Column("message", sa.Text, nullable=False, default=""),
    sa.Column("seconds_left", sa.Float),
    sa.Column("cancel", sa.Boolean, nullable=False, default=False),
    sa.Column("host", sa.Text, nullable=False, default=""),
    sa.Column("pid", sa.Integer),
    sa.Column("pid_started", sa.Float),  # tells a process from a later one with the same number
    sa.Column("beat", sa.Integer, nullable=False, default=0),  # counts heartbeats
    sa.Column("beat_at", sa.Float),  # the machine's monotonic clock: setting the time of day does not move it
    sa.Column("changed_seq", sa.Integer, nullable=False, default=0),
    sa.Column("changed_at", sa.Float),
)  # time of day, shown to people only

curation = sa.Table(
    "curation",
    metadata,
    sa.Column("run_id", sa.String(128), primary_key=True),
    sa.Column("rev", sa.Integer, nullable=False),
    sa.Column("rules", sa.Text),
)  # JSON

decision = sa.Table(
    "decision",
    metadata,
    sa.Column("run_id", sa.String(128), primary_key=True),
    sa.Column("example_id", sa.String(512), primary_key=True),
    sa.Column("action", sa.String(16)),
    sa.Column("label", sa.Text),
    sa.Column("note", sa.Text, nullable=False, default=""),
    sa.Column("reviewed", sa.Boolean, nullable=False, default=False),
    sa.Column("sampled", sa.Boolean, nullable=False, default=False),
)

selection = sa.Table(
    "selection",
    metadata,
    sa.Column("run_id", sa.String(128), primary_key=True),
    sa.Column("name", sa.String(256), primary_key=True),
    sa.Column("ids", sa.Text, nullable=False),
)  # JSON list

event = sa.Table(
    "event",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.String(128), nullable=False, index=True),
    sa.Column("token", sa.String(128), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("target", sa.Integer),  # the event that an undo or redo is about
    sa.Column("before", sa.Text),  # JSON
    sa.Column("after", sa.Text),  # JSON
    sa.UniqueConstraint("run_id", "token"),
)

# The branch "main" has the run's id as its curation; every other one has "<run_id>#<number>" in the tables above.
branch = sa.Table(
    "branch",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.String(128), nullable=False, index=True),
    sa.Column("name", sa.String(256), nullable=False),
    sa.Column("origin", sa.String(256), nullable=False),  # the branch it was made from, by its name then
    sa.Column("token", sa.String(128), nullable=False),
    sa.Column("removed", sa.Boolean, nullable=False, default=False),  # hidden, never deleted
    sa.UniqueConstraint("run_id", "token"),
    sqlite_autoincrement=True,  # a number is never given twice
)

last_branch = sa.Table(  # where a person worked last: a closed browser comes back there
    "last_branch",
    metadata,
    sa.Column("run_id", sa.String(128), primary_key=True),
    sa.Column("curation", sa.String(128), nullable=False),
)

picked = sa.Table(  # what was just selected, so that a reload or an address brings it back; the last few of a run
    "picked",
    metadata,
    sa.Column("run_id", sa.String(128), primary_key=True),
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("used", sa.Integer, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("bits", sa.LargeBinary, nullable=False),  # zlib of one bit per row
)


def add_sampled(connection: sa.Connection) -> None:
    """2 -> 3: a column that says which decisions answered the random sample; none of the old ones did."""
    if "sampled" not in {column["name"] for column in sa.inspect(connection).get_columns("decision")}:
        connection.execute(sa.text("ALTER TABLE decision ADD COLUMN sampled BOOLEAN NOT NULL DEFAULT FALSE"))
