package sluice.floodguard;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;

/** The health check of a container, a program of its own: 0 when the guard beside it is ready. Its image has no shell. */
public final class Health {
  private static final int TIMEOUT_MS = 5000;

  private Health() {}

  public static void main(String[] args) {
    String port = System.getenv().getOrDefault("ADMIN_PORT", "9080");
    System.exit(isReady("http://127.0.0.1:" + port + "/readyz") ? 0 : 1);
  }

  private static boolean isReady(String url) {
    try {
      HttpURLConnection connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
      connection.setConnectTimeout(TIMEOUT_MS);
      connection.setReadTimeout(TIMEOUT_MS);
      return connection.getResponseCode() == 200;
    } catch (IOException error) {
      return false;
    }
  }
}
