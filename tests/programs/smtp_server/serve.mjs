// npm's smtp-server at a port of 127.0.0.1. Usage: serve.mjs ORDERS, which are JSON: certificate, key (files),
// password (of the user "kontor"), auth (methods), startTls, size (bytes).
// Refuses who begins with "gone" by 550, and by 451, once each, who begins with "later". Tells of itself in lines
// of JSON: its port, then each sign-in, each recipient that is refused, each message.
import fs from "node:fs";
import { SMTPServer } from "smtp-server";

const orders = JSON.parse(process.argv[2]);
const tell = (what) => process.stdout.write(JSON.stringify(what) + "\n");
const refusal = (code, text) => Object.assign(new Error(text), { responseCode: code });
const postponed = new Set();

const server = new SMTPServer({
  cert: fs.readFileSync(orders.certificate),
  key: fs.readFileSync(orders.key),
  authMethods: orders.auth,
  hideSTARTTLS: !orders.startTls,
  allowInsecureAuth: !orders.startTls,
  size: orders.size,
  disableReverseLookup: true,
  logger: false,
  onAuth(auth, session, done) {
    const known = auth.username === "kontor" && auth.password === orders.password;
    tell({ event: "sign-in", method: auth.method, known, secure: session.secure });
    if (known) done(null, { user: auth.username });
    else done(refusal(535, "5.7.8 no such user or password"));
  },
  onRcptTo({ address }, session, done) {
    let code = 0;
    if (address.startsWith("gone")) code = 550;
    if (address.startsWith("later") && !postponed.has(address)) code = 451;
    postponed.add(address);
    if (code === 0) return done();
    tell({ event: "refused", to: address, code });
    done(refusal(code, code === 550 ? "5.1.1 nobody of that name" : "4.7.1 greylisted"));
  },
  onData(stream, session, done) {
    const pieces = [];
    stream.on("data", (piece) => pieces.push(piece));
    stream.on("end", () => {
      if (stream.sizeExceeded) {
        tell({ event: "too large" });
        return done(refusal(552, "5.3.4 message too large"));
      }
      tell({
        event: "message",
        to: session.envelope.rcptTo.map((one) => one.address),
        user: session.user,
        secure: session.secure,
        bytes: Buffer.concat(pieces).toString("base64"),
      });
      done();
    });
  },
});
server.on("error", () => {}); // a client that refuses the certificate, or goes
server.listen(0, "127.0.0.1", () => tell({ port: server.server.address().port }));
