/*
 * Each takes a file with the authorities to trust and any number of `HOST@ADDRESS@PORT`, makes a TLS handshake with each
 * and prints one line about it: `accepted`, or why not.
 */

export const nodeProgram = `
  import { readFileSync } from 'node:fs';
  import { isIP } from 'node:net';
  import { connect } from 'node:tls';
  const [caFile, ...targets] = process.argv.slice(1);
  const ca = readFileSync(caFile);
  for (const target of targets) {
    const [host, address, port] = target.split('@');
    const name = isIP(host) === 0 ? { servername: host } : {};
    const said = await new Promise((resolve) => {
      const socket = connect({ host: address, port: Number(port), ca, ...name });
      socket.once('secureConnect', () => { resolve('accepted'); socket.destroy(); });
      socket.once('error', (error) => resolve(String(error).replaceAll('\\n', ' ')));
    });
    console.log(said);
  }
`;

export const pythonProgram = `
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
context.verify_flags |= ssl.VERIFY_X509_STRICT
for target in sys.argv[2:]:
    host, address, port = target.split('@')
    try:
        with socket.create_connection((address, int(port)), timeout=30) as raw:
            with context.wrap_socket(raw, server_hostname=host):
                print('accepted')
    except OSError as error:
        print(str(error).replace('\\n', ' '))
`;

export const goProgram = `package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
)

func main() {
	pem, err := os.ReadFile(os.Args[1])
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		panic("no authority to trust")
	}
	for _, target := range os.Args[2:] {
		parts := strings.Split(target, "@")
		config := &tls.Config{RootCAs: roots, ServerName: parts[0]}
		connection, err := tls.Dial("tcp", net.JoinHostPort(parts[1], parts[2]), config)
		if err != nil {
			fmt.Println(err)
			continue
		}
		connection.Close()
		fmt.Println("accepted")
	}
}
`;

export const javaProgram = `
import java.io.*;
import java.net.Socket;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.*;

public class Client {
  public static void main(String[] args) throws Exception {
    KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
    trusted.load(null, null);
    try (InputStream pem = new FileInputStream(args[0])) {
      trusted.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(pem));
    }
    TrustManagerFactory managers = TrustManagerFactory.getInstance("PKIX");
    managers.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers.getTrustManagers(), null);
    for (int index = 1; index < args.length; index++) {
      String[] parts = args[index].split("@");
      try (Socket raw = new Socket(parts[1], Integer.parseInt(parts[2]));
          SSLSocket socket =
              (SSLSocket) context.getSocketFactory().createSocket(raw, parts[0], raw.getPort(), true)) {
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        System.out.println("accepted");
      } catch (IOException error) {
        System.out.println(String.valueOf(error).replace('\\n', ' '));
      }
    }
  }
}
`;
