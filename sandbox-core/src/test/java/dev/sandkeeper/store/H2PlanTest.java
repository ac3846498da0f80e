package dev.sandkeeper.store;

import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jdbi.v3.core.statement.Query;

/** H2 tells how it reads a table in a comment behind the table's name: an index, and behind a colon what it looks up there. */
class H2PlanTest extends PlanContract {
    private static final Pattern ACCESS = Pattern.compile("/\\* (PUBLIC\\.[^*]*) \\*/");

    H2PlanTest() {
        super(dataSource("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1"), new H2Dialect());
    }

    private static DataSource dataSource(String url) {
        JdbcDataSource source = new JdbcDataSource();
        source.setURL(url);
        return source;
    }

    @Override
    String analyze() {
        return "ANALYZE";
    }

    @Override
    List<String> scans(Query explanation, boolean limited) {
        return accesses(explanation).stream()
                .filter(access -> access.contains("tableScan") || (!limited && !access.contains(": ")))
                .toList();
    }

    @Override
    boolean readsOnly(String index, Query explanation) {
        return accesses(explanation).equals(List.of("PUBLIC." + index.toUpperCase(Locale.ROOT)));
    }

    private static List<String> accesses(Query explanation) {
        String plan = explanation.mapTo(String.class).one().replaceAll("\\s+", " ");
        // the first or the last entry of an index, and no other
        if (plan.endsWith("/* direct lookup */")) {
            return List.of();
        }
        return ACCESS.matcher(plan)
                .results()
                .map((MatchResult access) -> access.group(1).strip())
                .toList();
    }
}
