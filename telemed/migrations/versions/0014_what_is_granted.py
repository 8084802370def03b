"""For which appointments the glass was broken, and for whom a program works."""

import sqlalchemy as sa
from alembic import op

import telemed.kit.db

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identity_glass",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("appointment_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_at", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.Column("until", telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_glass")),
    )
    op.create_index("ix_identity_glass_who", "identity_glass", ["subject", "until"])
    op.create_index(op.f("ix_identity_glass_opened_at"), "identity_glass", ["opened_at"])
    op.create_table(
        "identity_compartment",
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("doctor_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("client", "doctor_id", name=op.f("pk_identity_compartment")),
    )
    # programs that have a token go on seeing what they saw, until the operator says for whom they work
    op.execute(
        "INSERT INTO identity_compartment (client, doctor_id) "
        "SELECT DISTINCT subject, '*' FROM identity_bearer WHERE role = 'client'"
    )


def downgrade() -> None:
    op.drop_table("identity_compartment")
    op.drop_table("identity_glass")
