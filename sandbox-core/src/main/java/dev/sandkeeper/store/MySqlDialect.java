package dev.sandkeeper.store;

/** MySQL from 8.0.17 on: written from its manual as MariaDB with another collation. Unverified: no test runs on a MySQL. */
final class MySqlDialect extends MariaDbDialect {
    @Override
    public String folder() {
        return "mysql";
    }

    @Override
    public String whereQuery() {
        return "SELECT CONCAT('server ', @@server_uuid, ' database ', DATABASE())";
    }
}
