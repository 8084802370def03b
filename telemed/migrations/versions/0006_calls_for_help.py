"""A call for help, and that somebody comes, are facts of a visit."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BEFORE = "'arrived', 'called', 'entered', 'ended', 'cleaned', 'no-show'"


def upgrade() -> None:
    _allow(f"{BEFORE}, 'emergency', 'helped'")


def downgrade() -> None:
    op.execute("delete from visit_fact where kind in ('emergency', 'helped')")
    _allow(BEFORE)


def _allow(kinds: str) -> None:
    """SQLite's table is written anew without its checks."""
    with op.batch_alter_table("visit_fact") as table:
        if op.get_bind().dialect.name != "sqlite":
            table.drop_constraint(op.f("ck_visit_fact_kind"), type_="check")
        table.create_check_constraint(op.f("ck_visit_fact_kind"), f"kind in ({kinds})")
