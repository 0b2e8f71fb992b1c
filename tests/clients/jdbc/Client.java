import java.sql.Connection;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.Properties;

/** Asks as Metabase and DBeaver do, with the driver's defaults. Arguments: host:port, and a password or none. */
public class Client {
  public static void main(String[] arguments) throws Exception {
    Properties properties = new Properties();
    properties.setProperty("user", "analyst");
    if (arguments.length > 1) properties.setProperty("password", arguments[1]);
    try (Connection connection = DriverManager.getConnection("jdbc:clickhouse://" + arguments[0] + "/gold", properties)) {
      System.out.printf("version %s%n", connection.getMetaData().getDatabaseProductVersion().split("\\.")[0]);
      System.out.printf("tables %d%n", count(connection.getMetaData().getTables(null, "gold", "%", null)));
      System.out.printf("columns %d%n", count(connection.getMetaData().getColumns(null, "gold", "days", "%")));
      try (PreparedStatement statement = connection.prepareStatement(
          "SELECT currentUser(), sum(purchases), max(day) FROM gold.days WHERE day < ?")) {
        statement.setDate(1, Date.valueOf("2026-03-01"));
        ResultSet row = statement.executeQuery();
        row.next();
        System.out.printf("row %s %d %s%n", row.getString(1), row.getLong(2), row.getDate(3));
      }
      String many = "SELECT number, repeat('x', 100) FROM numbers(100000)";
      System.out.printf("rows %d%n", count(connection.createStatement().executeQuery(many)));
    }
  }

  private static int count(ResultSet rows) throws Exception {
    int count = 0;
    while (rows.next()) count++;
    return count;
  }
}
