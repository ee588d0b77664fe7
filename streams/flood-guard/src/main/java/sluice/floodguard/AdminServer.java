package sluice.floodguard;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Health, metrics and the top talkers, on a port that is never public by accident. {@code /livez}: the process answers.
 * {@code /readyz}: 200 while events are counted, else 503. {@code /metrics}: Prometheus text. {@code /v1/top-talkers}: who
 * sends the most; of several instances one knows, and the others say which.
 */
final class AdminServer {
  /** What the server asks when it is asked. */
  interface Guard {
    /** Why it is not ready; null when it is. */
    String whyNotReady();

    String metrics();

    Answer topTalkers(int limit);
  }

  /** @param location where to ask instead; null when this is the answer */
  record Answer(int status, String body, String location) {
    static Answer json(int status, Object body) {
      return new Answer(status, Json.text(body) + "\n", null);
    }

    static Answer elsewhere(String location) {
      return new Answer(307, "", location);
    }
  }

  private static final int DEFAULT_TALKERS = 20;
  private static final int MAX_TALKERS = 1000;

  private final HttpServer server;
  private final ExecutorService threads = Executors.newFixedThreadPool(2);

  private AdminServer(HttpServer server) {
    this.server = server;
  }

  static AdminServer start(String host, int port, Guard guard) throws IOException {
    // Seconds that a client may take to send a request, and to take its answer.
    System.setProperty("sun.net.httpserver.maxReqTime", "10");
    System.setProperty("sun.net.httpserver.maxRspTime", "10");
    try {
      AdminServer admin = new AdminServer(HttpServer.create(new InetSocketAddress(host, port), 0));
      admin.server.createContext("/", exchange -> answer(exchange, guard));
      admin.server.setExecutor(admin.threads);
      admin.server.start();
      return admin;
    } catch (BindException error) {
      throw new IOException(
          "Port " + port + " of " + host + " cannot be had: " + error.getMessage() + ". Set another ADMIN_PORT.", error);
    }
  }

  int port() {
    return server.getAddress().getPort();
  }

  void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private static void answer(HttpExchange exchange, Guard guard) throws IOException {
    try (exchange) {
      String method = exchange.getRequestMethod();
      if (!method.equals("GET") && !method.equals("HEAD")) {
        exchange.getResponseHeaders().set("allow", "GET, HEAD");
        exchange.sendResponseHeaders(405, -1);
        return;
      }
      String path = exchange.getRequestURI().getPath();
      boolean isMetrics = path.equals("/metrics");
      Answer answer = isMetrics ? new Answer(200, guard.metrics(), null) : route(path, exchange, guard);
      byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
      String type = isMetrics ? "text/plain; version=0.0.4; charset=utf-8" : "application/json";
      exchange.getResponseHeaders().set("content-type", type);
      exchange.getResponseHeaders().set("cache-control", "no-store");
      if (answer.location() != null) exchange.getResponseHeaders().set("location", answer.location());
      boolean hasBody = method.equals("GET") && body.length > 0;
      exchange.sendResponseHeaders(answer.status(), hasBody ? body.length : -1);
      if (hasBody) exchange.getResponseBody().write(body);
    } catch (RuntimeException error) {
      Log.error("the admin server could not answer", error);
      throw error;
    }
  }

  private static Answer route(String path, HttpExchange exchange, Guard guard) {
    return switch (path) {
      case "/livez" -> Answer.json(200, Map.of("live", true));
      case "/readyz" -> {
        String why = guard.whyNotReady();
        Map<String, Object> check =
            Map.of("name", "kafka-streams", "ok", why == null, "detail", why == null ? "Events are counted." : why);
        Map<String, Object> body =
            Map.of("ready", why == null, "pid", ProcessHandle.current().pid(), "checks", java.util.List.of(check));
        yield Answer.json(why == null ? 200 : 503, body);
      }
      case "/v1/top-talkers" -> {
        Integer limit = readLimit(exchange.getRequestURI().getQuery());
        yield limit == null
            ? Answer.json(400, Map.of("error", "limit", "detail", "limit must be 1 to " + MAX_TALKERS + "."))
            : guard.topTalkers(limit);
      }
      default ->
          Answer.json(
              404,
              Map.of(
                  "error", "not-found", "known", new String[] {"/livez", "/readyz", "/metrics", "/v1/top-talkers"}));
    };
  }

  /** Null when it makes no sense. */
  private static Integer readLimit(String query) {
    if (query == null || query.isEmpty()) return DEFAULT_TALKERS;
    if (!query.matches("limit=\\d{1,4}")) return null;
    int limit = Integer.parseInt(query.substring("limit=".length()));
    return limit >= 1 && limit <= MAX_TALKERS ? limit : null;
  }
}
