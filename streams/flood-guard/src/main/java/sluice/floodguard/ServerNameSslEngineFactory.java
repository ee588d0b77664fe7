package sluice.floodguard;

import java.util.Map;
import javax.net.ssl.SSLEngine;
import org.apache.kafka.common.security.ssl.DefaultSslEngineFactory;

/** Kafka's own TLS, but for the name that the brokers' certificates are checked against: the Java client has no setting. */
public final class ServerNameSslEngineFactory extends DefaultSslEngineFactory {
  static final String SERVER_NAME = "sluice.tls.servername";

  private String serverName;

  @Override
  public void configure(Map<String, ?> configs) {
    super.configure(configs);
    serverName = (String) configs.get(SERVER_NAME);
  }

  @Override
  public SSLEngine createClientSslEngine(String peerHost, int peerPort, String endpointIdentification) {
    return super.createClientSslEngine(serverName, peerPort, endpointIdentification);
  }
}
