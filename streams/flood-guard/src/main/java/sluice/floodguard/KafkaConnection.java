package sluice.floodguard;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.config.SslConfigs;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.common.security.oauthbearer.ClientJwtValidator;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule;
import org.apache.kafka.common.security.plain.PlainLoginModule;
import org.apache.kafka.common.security.scram.ScramLoginModule;

/** The settings that every process of Sluice has for Kafka, {@code KAFKA_…}, as those of the Java client. */
final class KafkaConnection {
  private static final List<String> MECHANISMS = List.of("plain", "scram-sha-256", "scram-sha-512", "oauthbearer");
  private static final List<String> LOGIN =
      List.of(
          "KAFKA_SASL_USERNAME",
          "KAFKA_SASL_PASSWORD",
          "KAFKA_SASL_TOKEN_FILE",
          "KAFKA_SASL_TOKEN_ENDPOINT",
          "KAFKA_SASL_CLIENT_ID",
          "KAFKA_SASL_CLIENT_SECRET",
          "KAFKA_SASL_SCOPE");

  /** Where the Java client may take tokens from; it refuses any that is not named here. */
  private static final String ALLOWED_TOKEN_URLS = "org.apache.kafka.sasl.oauthbearer.allowed.urls";

  private KafkaConnection() {}

  /** What is wrong is added to the environment's problems. */
  static Map<String, Object> read(Environment env) {
    Map<String, Object> client = new HashMap<>();
    String brokers = env.required("KAFKA_BROKERS", ": host:port, several separated by commas");
    for (String broker : env.list("KAFKA_BROKERS")) {
      if (broker.matches("[^\\s:]+:\\d+|\\[.+\\]:\\d+")) continue;
      env.problem("KAFKA_BROKERS", "must be host:port, several separated by commas.");
      break;
    }
    client.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, brokers);
    client.put(
        CommonClientConfigs.SOCKET_CONNECTION_SETUP_TIMEOUT_MS_CONFIG,
        env.integer("KAFKA_CONNECT_TIMEOUT_MS", 100, Integer.MAX_VALUE, 3000));
    client.put(
        CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG,
        (int) env.integer("KAFKA_REQUEST_TIMEOUT_MS", 1000, Integer.MAX_VALUE, 10_000));
    boolean tls = "true".equals(env.oneOf("KAFKA_TLS", List.of("true", "false"), "false"));
    String mechanism = env.oneOf("KAFKA_SASL_MECHANISM", MECHANISMS, null);
    String protocol = (mechanism == null ? "" : "SASL_") + (tls ? "SSL" : "PLAINTEXT");
    client.put(CommonClientConfigs.SECURITY_PROTOCOL_CONFIG, protocol);
    readTls(env, tls, client);
    if (mechanism != null) readLogin(env, mechanism, client);
    else if (env.text("KAFKA_SASL_MECHANISM").isEmpty()) {
      // Half a login must not become none.
      for (String name : LOGIN) {
        if (env.text(name).isPresent()) env.problem(name, "is set, but KAFKA_SASL_MECHANISM is not.");
      }
    }
    return client;
  }

  /** To be called once, before a client is made that logs in with tokens. */
  static void allowTokenSource(Map<String, Object> client) {
    Object url = client.get(SaslConfigs.SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL);
    if (url != null) System.setProperty(ALLOWED_TOKEN_URLS, (String) url);
  }

  private static void readTls(Environment env, boolean tls, Map<String, Object> client) {
    Optional<String> authority = readPem(env, "KAFKA_TLS_CA_FILE", tls);
    Optional<String> certificate = readPem(env, "KAFKA_TLS_CERT_FILE", tls);
    Optional<String> key = readPem(env, "KAFKA_TLS_KEY_FILE", tls);
    authority.ifPresent(
        pem -> {
          client.put(SslConfigs.SSL_TRUSTSTORE_TYPE_CONFIG, "PEM");
          client.put(SslConfigs.SSL_TRUSTSTORE_CERTIFICATES_CONFIG, new Password(pem));
        });
    requireBoth(env, "KAFKA_TLS_CERT_FILE", "KAFKA_TLS_KEY_FILE");
    requireBoth(env, "KAFKA_TLS_KEY_FILE", "KAFKA_TLS_CERT_FILE");
    if (certificate.isPresent() && key.isPresent()) {
      if (!key.get().contains("-----BEGIN PRIVATE KEY-----")) {
        env.problem(
            "KAFKA_TLS_KEY_FILE",
            "must be PKCS#8 in PEM, unencrypted: openssl pkcs8 -topk8 -nocrypt -in key.pem -out pkcs8.pem");
      }
      client.put(SslConfigs.SSL_KEYSTORE_TYPE_CONFIG, "PEM");
      client.put(SslConfigs.SSL_KEYSTORE_CERTIFICATE_CHAIN_CONFIG, new Password(certificate.get()));
      client.put(SslConfigs.SSL_KEYSTORE_KEY_CONFIG, new Password(key.get()));
    }
    Optional<String> serverName = env.text("KAFKA_TLS_SERVERNAME");
    if (serverName.isPresent() && !tls) env.problem("KAFKA_TLS_SERVERNAME", "is set, but KAFKA_TLS is not true.");
    else if (serverName.isPresent()) {
      client.put(SslConfigs.SSL_ENGINE_FACTORY_CLASS_CONFIG, ServerNameSslEngineFactory.class);
      client.put(ServerNameSslEngineFactory.SERVER_NAME, serverName.get());
    }
  }

  private static Optional<String> readPem(Environment env, String name, boolean tls) {
    Optional<String> file = env.text(name);
    if (file.isEmpty()) return Optional.empty();
    if (!tls) env.problem(name, "is set, but KAFKA_TLS is not true.");
    try {
      return Optional.of(Files.readString(Path.of(file.get())));
    } catch (IOException error) {
      env.problem(name, "cannot be read: " + error);
      return Optional.empty();
    }
  }

  private static void requireBoth(Environment env, String name, String other) {
    if (env.text(name).isEmpty() && env.text(other).isPresent()) {
      env.problem(name, "is required when " + other + " is set.");
    }
  }

  private static void readLogin(Environment env, String mechanism, Map<String, Object> client) {
    String when = " when KAFKA_SASL_MECHANISM is " + mechanism;
    client.put(SaslConfigs.SASL_MECHANISM, mechanism.toUpperCase(Locale.ROOT));
    if (!mechanism.equals("oauthbearer")) {
      Class<?> module = mechanism.equals("plain") ? PlainLoginModule.class : ScramLoginModule.class;
      String user = env.required("KAFKA_SASL_USERNAME", when);
      String password = env.required("KAFKA_SASL_PASSWORD", when);
      String login = " required username=" + quoted(user) + " password=" + quoted(password) + ";";
      client.put(SaslConfigs.SASL_JAAS_CONFIG, new Password(module.getName() + login));
      return;
    }
    client.put(SaslConfigs.SASL_JAAS_CONFIG, new Password(OAuthBearerLoginModule.class.getName() + " required;"));
    client.put(SaslConfigs.SASL_LOGIN_CALLBACK_HANDLER_CLASS, OAuthBearerLoginCallbackHandler.class);
    // The default validator needs a library that only brokers need.
    client.put(SaslConfigs.SASL_OAUTHBEARER_JWT_VALIDATOR_CLASS, ClientJwtValidator.class.getName());
    Optional<String> endpoint = env.text("KAFKA_SASL_TOKEN_ENDPOINT");
    if (endpoint.isEmpty()) {
      String file = env.required("KAFKA_SASL_TOKEN_FILE", when);
      client.put(SaslConfigs.SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL, Path.of(file).toUri().toString());
      return;
    }
    if (!endpoint.get().matches("https?://.+")) env.problem("KAFKA_SASL_TOKEN_ENDPOINT", "must be a URL.");
    client.put(SaslConfigs.SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL, endpoint.get());
    client.put(
        SaslConfigs.SASL_OAUTHBEARER_CLIENT_CREDENTIALS_CLIENT_ID, env.required("KAFKA_SASL_CLIENT_ID", when));
    client.put(
        SaslConfigs.SASL_OAUTHBEARER_CLIENT_CREDENTIALS_CLIENT_SECRET,
        new Password(env.required("KAFKA_SASL_CLIENT_SECRET", when)));
    client.put(SaslConfigs.SASL_OAUTHBEARER_HEADER_URLENCODE, true);
    env.text("KAFKA_SASL_SCOPE").ifPresent(scope -> client.put(SaslConfigs.SASL_OAUTHBEARER_SCOPE, scope));
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
