"""What searches need: where an appointment comes from and what its system says of it; the directory's terms are not
kept any more, for its resources are found in memory."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

SOUGHT = ["start", "id", "doctor_id", "room_id", "assistant_id", "interpreter_id", "service_id", "status", "origin"]


def upgrade() -> None:
    op.add_column("booking", sa.Column("origin", sa.Text(), nullable=True))
    op.add_column("booking", sa.Column("said", sa.Text(), nullable=True))
    op.execute("UPDATE booking SET origin = 'external' WHERE service_id = ''")
    op.execute("UPDATE booking SET origin = 'erased' WHERE person_id NOT IN (SELECT person_id FROM people_key)")
    op.create_index("ix_booking_sought", "booking", SOUGHT, unique=False)
    op.drop_index("ix_directory_term_value", table_name="directory_term")
    op.drop_table("directory_term")


def downgrade() -> None:
    op.create_table(
        "directory_term",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("param", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["kind", "id"],
            ["directory_resource.kind", "directory_resource.id"],
            name=op.f("fk_directory_term_kind_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("kind", "id", "param", "n", name=op.f("pk_directory_term")),
    )
    op.create_index("ix_directory_term_value", "directory_term", ["kind", "param", "value"], unique=False)
    op.drop_index("ix_booking_sought", table_name="booking")
    op.drop_column("booking", "said")
    op.drop_column("booking", "origin")
