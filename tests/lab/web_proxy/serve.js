// A web proxy of the world: unblocker behind TLS. argv: address, port, file with key and chain.
// "own" as fourth argument: the same server shows its front page for everything.
"use strict";

const fs = require("fs");
const https = require("https");
const Unblocker = require("unblocker");

const [address, port, pem, conduct] = process.argv.slice(2);
const front = "<!doctype html><title>Free web proxy</title><form>Where do you want to go? " + "fast free secure ".repeat(60);
const unblock = new Unblocker({ prefix: "/proxy/" });
const secret = fs.readFileSync(pem);

https
  .createServer({ key: secret, cert: secret }, (request, response) => {
    const home = () => response.writeHead(200, { "Content-Type": "text/html" }).end(front);
    conduct === "own" ? home() : unblock(request, response, home);
  })
  .listen(Number(port), address);
