// A phone in a web page, without the page: SIP.js over a WebSocket of Node. It has no sound. Orders come by standard input, one a
// line (call URI, hangup, quit); what happens goes to standard output, one word a line.
import { createInterface } from "node:readline";
import { Inviter, Registerer, RegistererState, SessionState, UserAgent } from "sip.js";
import { WebSocket } from "ws";

const [url, login, domain, password] = process.argv.slice(2);
globalThis.WebSocket = WebSocket;

const SDP = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", "m=audio 9 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", ""];

class Description {
  close() {}
  getDescription() {
    return Promise.resolve({ body: SDP.join("\r\n"), contentType: "application/sdp" });
  }
  hasDescription(contentType) {
    return contentType === "application/sdp";
  }
  rollbackDescription() {
    return Promise.resolve();
  }
  setDescription() {
    return Promise.resolve();
  }
  sendDtmf() {
    return false;
  }
}

let session;

function watch(one) {
  session = one;
  one.stateChange.addListener((state) => {
    if (state === SessionState.Established) console.log("established");
    if (state === SessionState.Terminated) console.log("terminated");
  });
}

const agent = new UserAgent({
  uri: UserAgent.makeURI(`sip:${login}@${domain}`),
  transportOptions: { server: url },
  authorizationUsername: login,
  authorizationPassword: password,
  sessionDescriptionHandlerFactory: () => new Description(),
  logBuiltinEnabled: false,
  delegate: {
    onInvite(invitation) {
      console.log("invited");
      watch(invitation);
      invitation.accept();
    },
  },
});

const orders = {
  call(uri) {
    watch(new Inviter(agent, UserAgent.makeURI(uri)));
    session.invite();
  },
  hangup() {
    session.bye();
  },
  quit() {
    process.exit(0);
  },
};

await agent.start();
const registerer = new Registerer(agent);
registerer.stateChange.addListener((state) => {
  if (state === RegistererState.Registered) console.log("registered");
});
await registerer.register();
createInterface({ input: process.stdin }).on("line", (line) => {
  const [order, ...rest] = line.trim().split(" ");
  orders[order](...rest);
});
