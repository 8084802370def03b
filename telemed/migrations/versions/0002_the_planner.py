"""Holds, moving, the waiting list, and what other processes must read again."""

import sqlalchemy as sa
from alembic import op

import telemed.kit.db

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'booking_hold',
        sa.Column('id', sa.Text(), nullable=False),
        sa.Column('offer', sa.Text(), nullable=False),
        sa.Column('held_until', telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.Column('extended', sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_booking_hold')),
    )
    op.create_index(op.f('ix_booking_hold_held_until'), 'booking_hold', ['held_until'])
    op.create_table(
        'booking_change',
        sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
        sa.Column('txid', sa.BigInteger(), nullable=False),
        sa.Column('resource_ids', sa.Text(), nullable=False),
        sa.Column('at', telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_booking_change')),
    )
    op.create_index(op.f('ix_booking_change_at'), 'booking_change', ['at'])
    op.create_index('ix_booking_change_txid', 'booking_change', ['txid'])
    op.create_table(
        'booking_unmet',
        sa.Column('specialty', sa.Text(), nullable=False),
        sa.Column('weekday', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('count', sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint('specialty', 'weekday', name=op.f('pk_booking_unmet')),
    )
    # a table that others point to is not rebuilt, so what is not null begins with a default here
    op.add_column('booking', sa.Column('interpreter_id', sa.Text(), nullable=False, server_default=''))
    op.add_column('booking', sa.Column('reason', sa.Text(), nullable=True))
    op.add_column('booking', sa.Column('extras', sa.Text(), nullable=False, server_default=''))
    op.execute(
        'ALTER TABLE booking ADD COLUMN replaces TEXT CONSTRAINT fk_booking_replaces REFERENCES booking (id)'
    )
    moved = sa.text('replaces IS NOT NULL')
    op.create_index(
        'uq_booking_replaces', 'booking', ['replaces'], unique=True, sqlite_where=moved, postgresql_where=moved
    )
    op.drop_index('ix_booking_room_id_start', 'booking')
    op.create_table(
        'booking_waiting',
        sa.Column('id', sa.Text(), nullable=False),
        sa.Column('person_id', sa.Text(), nullable=False),
        sa.Column('wish', sa.Text(), nullable=False),
        sa.Column('latest', telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.Column('asked_at', telemed.kit.db.Utc(timezone=True), nullable=False),
        sa.Column('state', sa.Text(), nullable=False),
        sa.Column('priority', sa.Integer(), nullable=True),
        sa.Column('hold_id', sa.Text(), nullable=True),
        sa.Column('booking_id', sa.Text(), nullable=True),
        sa.Column('declined', sa.Text(), nullable=False),
        sa.Column('link_hash', sa.Text(), nullable=True),
        sa.CheckConstraint("state in ('waiting', 'offered', 'taken', 'left')", name=op.f('ck_booking_waiting_state')),
        sa.ForeignKeyConstraint(['booking_id'], ['booking.id'], name=op.f('fk_booking_waiting_booking_id')),
        sa.ForeignKeyConstraint(['person_id'], ['people_person.id'], name=op.f('fk_booking_waiting_person_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_booking_waiting')),
        sa.UniqueConstraint('hold_id', name=op.f('uq_booking_waiting_hold_id')),
        sa.UniqueConstraint('link_hash', name=op.f('uq_booking_waiting_link_hash')),
    )
    op.create_index(op.f('ix_booking_waiting_person_id'), 'booking_waiting', ['person_id'])
    _claims()
    if op.get_bind().dialect.name == 'sqlite':
        _without_rowid()


def _without_rowid() -> None:
    """A row stands in its key's own tree: one page less for each write."""
    op.create_table(
        'people_key_new',
        sa.Column('person_id', sa.Text(), nullable=False),
        sa.Column('wrapped', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ['person_id'], ['people_person.id'], name=op.f('fk_people_key_person_id'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('person_id', name=op.f('pk_people_key')),
        sqlite_with_rowid=False,
    )
    columns = ('id', 'at', 'person_id', 'role', 'subject', 'action', 'purpose')
    op.create_table(
        'people_audit_new',
        *(sa.Column(name, telemed.kit.db.Utc() if name == 'at' else sa.Text(), nullable=False) for name in columns),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_people_audit')),
        sqlite_with_rowid=False,
    )
    for table in ('people_key', 'people_audit'):
        op.execute(f'INSERT INTO {table}_new SELECT * FROM {table}')
        op.drop_table(table)
        op.rename_table(f'{table}_new', table)
    op.create_index(op.f('ix_people_audit_person_id'), 'people_audit', ['person_id'])


def _claims() -> None:
    """A claim may be held, and then there is no booking yet that it could point to."""
    if op.get_bind().dialect.name == 'postgresql':
        op.add_column('booking_claim', sa.Column('held_until', telemed.kit.db.Utc(timezone=True), nullable=True))
        op.drop_constraint(op.f('fk_booking_claim_booking_id'), 'booking_claim', type_='foreignkey')
        op.drop_index(op.f('ix_booking_claim_booking_id'), 'booking_claim')
        return
    op.create_table(
        'booking_claim_new',
        sa.Column('resource_id', sa.Text(), nullable=False),
        sa.Column('tick', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('booking_id', sa.Text(), nullable=False),
        sa.Column('held_until', telemed.kit.db.Utc(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('resource_id', 'tick', name=op.f('pk_booking_claim')),
        sqlite_with_rowid=False,
    )
    op.execute(
        'INSERT INTO booking_claim_new (resource_id, tick, booking_id)'
        ' SELECT resource_id, tick, booking_id FROM booking_claim'
    )
    op.drop_table('booking_claim')
    op.rename_table('booking_claim_new', 'booking_claim')


def downgrade() -> None:
    raise NotImplementedError('restore a backup instead: holds and the waiting list would be lost')
