import { messageOf, NodeError } from "../../contract/error.js";

/** What nodemailer puts on its errors. */
interface MailError {
  code?: string;
  /** The answer of the server. */
  response?: string;
  /** Whether it would answer the same to another try. */
  permanent?: boolean;
}

/** Why a mail was not sent, and what to do about it. */
export function sendFailure(error: unknown, host: string, port: number): NodeError {
  const { code = "", permanent } = error as MailError;
  const message = messageOf(error);
  const server = `${host} on port ${port}`;
  const failed = (words: string, advice: string[], retry?: false) =>
    new NodeError("EXECUTION_FAILED", `${words}: ${message}`, {
      cause: error,
      advice,
      retry: permanent === true ? false : retry,
    });
  if (code === "ETIMEDOUT") {
    return new NodeError("TIMEOUT", `${server} did not answer in time: ${message}`, {
      cause: error,
      advice: ["Check host, port and `secure`: 465 begins with TLS, 587 does not.", "Raise `connectionTimeout`."],
    });
  }
  if (code === "EAUTH" || code === "ENOAUTH") {
    return failed(
      `${server} does not accept the account`,
      ["Check `user` and `password`; some servers want an app password."],
      false,
    );
  }
  if (code === "ETLS" || /certificate|TLS|SSL/i.test(message)) {
    return failed(`The connection to ${server} could not be encrypted`, [
      "Check `port` and `secure`: 465 begins with TLS, 587 does not.",
      "Where the server has no TLS and the network is your own, set `requireTls: false`.",
      "Name the file of an authority of your own in the environment variable NODE_EXTRA_CA_CERTS.",
    ]);
  }
  if (code === "EENVELOPE") return failed(`${server} refuses the sender or all recipients`, ["Check the addresses."]);
  if (code === "EMESSAGE") return failed(`${server} refuses the mail`, ["Look at what the server says."]);
  if (
    /^(?:EDNS|ENOTFOUND|EAI_AGAIN|ECONNECTION|ESOCKET|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH)$/.test(code)
  ) {
    return failed(`${server} cannot be reached`, ["Check `host` and `port`, and that no firewall is in between."]);
  }
  return failed(`The mail could not be sent by ${server}`, ["Look at what the server says."]);
}
