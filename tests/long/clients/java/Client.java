// What an analyst's tool does with the JDBC driver, in one JSON line. Usage: java Client.java URL USER PASSWORD
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

public class Client {
    public static void main(String[] args) throws Exception {
        String address = "jdbc:clickhouse:" + args[0] + "/clients";
        StringBuilder found = new StringBuilder("{");
        try (Connection connection = DriverManager.getConnection(address, args[1], args[2]);
                Statement statement = connection.createStatement()) {
            found.append("\"connect\": ").append(quoted(connection.getMetaData().getDatabaseProductVersion()));
            found.append(", \"list\": ").append(list(connection.getMetaData().getTables(null, "clients", "%", null), 3));
            found.append(", \"describe\": ")
                    .append(list(connection.getMetaData().getColumns(null, "clients", "numbers", "%"), 4, 6));
            try (PreparedStatement prepared = connection.prepareStatement("SELECT ? AS t")) {
                prepared.setString(1, "it's; -- 'x'");
                try (ResultSet answer = prepared.executeQuery()) {
                    answer.next();
                    found.append(", \"parameter\": ").append(quoted(answer.getString(1)));
                }
            }
            long rows = 0;
            try (ResultSet answer = statement.executeQuery("SELECT id, word FROM numbers")) {
                while (answer.next()) {
                    rows += answer.getLong(1) >= 0 && answer.getString(2) != null ? 1 : 0;
                }
            }
            found.append(", \"stream\": ").append(rows);
            found.append(", \"refused\": ").append(code(statement, "INSERT INTO numbers VALUES (1, 'x')"));
            found.append(", \"refused_drop\": ").append(code(statement, "DROP TABLE numbers"));
        }
        System.out.println(found.append("}"));
    }

    private static String code(Statement statement, String sql) {
        try {
            statement.executeUpdate(sql);
            return "false";
        } catch (SQLException error) {
            return "\"" + error.getErrorCode() + "\"";
        }
    }

    private static String list(ResultSet answer, int... columns) throws SQLException {
        List<String> found = new ArrayList<>();
        while (answer.next()) {
            List<String> cells = new ArrayList<>();
            for (int column : columns) {
                cells.add(answer.getString(column));
            }
            found.add(quoted(String.join(" ", cells)));
        }
        return found.toString();
    }

    private static String quoted(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\t", "\\t") + "\"";
    }
}
