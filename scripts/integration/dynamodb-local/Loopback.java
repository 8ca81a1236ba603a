import java.net.InetSocketAddress;
import org.eclipse.jetty.server.Server;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBRequestHandler;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBServerHandler;

/**
 * DynamoDB Local in memory, on one port of the loopback address alone: its own main class listens on every address of the
 * machine and has no option against it, and sends telemetry unless told not to.
 */
public final class Loopback {
    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]);
        boolean inMemory = true, shared = false, delays = false;
        Server server = new Server(new InetSocketAddress("127.0.0.1", port));
        server.setHandler(new LocalDynamoDBServerHandler(
            new LocalDynamoDBRequestHandler(0, inMemory, null, shared, delays), null));
        server.start();
        server.join();
    }
}
