"""Both databases that tests run on are real, fresh and complete."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from telemed.kit.db import Database
from telemed.migrations.tables import metadata
from tests.databases import PostgresCluster, opened


def test_a_fresh_database_has_every_table(database: Database) -> None:
    with database.reading() as tx:
        assert set(inspect(tx).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_the_migrations_lead_to_the_tables_that_the_stores_define(database: Database) -> None:
    with database.transaction() as tx:
        assert compare_metadata(MigrationContext.configure(tx), metadata) == []


def test_what_one_test_writes_no_other_sees(postgres_cluster: PostgresCluster) -> None:
    first, second = postgres_cluster.fresh_url(), postgres_cluster.fresh_url()
    with opened(first) as one, one.transaction() as tx:
        tx.execute(text("CREATE TABLE only_here (id integer)"))
    with opened(second) as other, other.reading() as tx:
        assert "only_here" not in inspect(tx).get_table_names()
    postgres_cluster.drop(first)
    postgres_cluster.drop(second)


def test_what_was_given_back_is_as_fresh(postgres_cluster: PostgresCluster) -> None:
    url = postgres_cluster.fresh_url()
    with opened(url) as database, database.transaction() as tx:
        tx.execute(text("INSERT INTO outbox_event (id, kind, ids, made_at) VALUES ('1', 'x', '{}', now())"))
    postgres_cluster.give_back(url)
    assert postgres_cluster.fresh_url() == url
    with opened(url) as database, database.transaction() as tx:
        full = [
            table
            for table in metadata.sorted_tables
            if tx.execute(text(f"SELECT EXISTS (SELECT FROM {table.name})")).scalar()
        ]
        assert full == []
        tx.execute(text("ALTER TABLE outbox_event ADD COLUMN more integer"))
    postgres_cluster.give_back(url)
    assert postgres_cluster.fresh_url() != url


def test_the_cluster_keeps_what_it_acknowledges_and_listens_on_no_address(postgres_database: Database) -> None:
    with postgres_database.reading() as tx:
        assert tx.execute(text("SHOW fsync")).scalar() == "on"
        assert tx.execute(text("SHOW listen_addresses")).scalar() == ""


def test_a_stopped_cluster_leaves_nothing_behind() -> None:
    with PostgresCluster() as cluster:
        url = cluster.fresh_url()
        with opened(url) as database, database.reading() as tx:
            folder = Path(tx.execute(text("SHOW data_directory")).scalar_one())
            server = int((folder / "postmaster.pid").read_text().split()[0])
    assert not folder.exists()
    assert not Path(f"/proc/{server}").exists()
