// jsforce against the simulated organisation, unchanged but for the address: queries and their
// further pages, collections, upsert, a bulk query, descriptions.
import assert from "node:assert/strict";
import jsforce from "jsforce";

const peer = JSON.parse(process.env.PEER);

async function control(name, body) {
  const answer = await fetch(`${peer.control_url}/${name}`,
                             { method: "POST", body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.text());
}

const connection = new jsforce.Connection({
  instanceUrl: peer.base_url,
  oauth2: { clientId: peer.client_id, clientSecret: peer.client_secret, loginUrl: peer.base_url },
  version: "60.0",
});
const granted = await connection.authorize({ grant_type: "client_credentials" });
assert.equal(granted.id, peer.user_id);
assert.equal(granted.organizationId, peer.org_id);

const names = (await connection.describeGlobal()).sobjects.map((each) => each.name);
for (const name of ["Account", "Contact", "Visit__c"]) assert.ok(names.includes(name), name);
const described = await connection.sobject("Contact").describe();
assert.equal(described.keyPrefix, "003");
assert.equal(described.fields.find((each) => each.name === "LastName").nillable, false);
assert.deepEqual(described.fields.find((each) => each.name === "AccountId").referenceTo,
                 ["Account"]);

await control("switch", { name: "query_batch", value: "150" });
let page = await connection.query("SELECT Id, LastName FROM Contact ORDER BY Id");
const ids = page.records.map((each) => each.Id);
assert.equal(page.totalSize, 450);
assert.equal(page.records.length, 150);
while (!page.done) {
  page = await connection.queryMore(page.nextRecordsUrl);
  ids.push(...page.records.map((each) => each.Id));
}
assert.equal(new Set(ids).size, 450);

const contacts = connection.sobject("Contact");
const made = await contacts.create([{ LastName: "张" }, { FirstName: "三" }, { LastName: "李" }]);
assert.deepEqual(made.map((each) => each.success), [true, false, true]);
assert.equal(made[1].errors[0].statusCode, "REQUIRED_FIELD_MISSING");
const [first, , third] = made.map((each) => each.id);
const changed = await contacts.update([{ Id: first, Title: "Dr" }, { Id: third, Title: "Prof" }]);
assert.ok(changed.every((each) => each.success));
const read = await contacts.retrieve([first, third]);
assert.deepEqual(read.map((each) => each.Title), ["Dr", "Prof"]);
const once = await contacts.upsert([{ Kontor_Id__c: "k1", LastName: "A" }], "Kontor_Id__c");
const twice = await contacts.upsert([{ Kontor_Id__c: "k1", LastName: "B" }], "Kontor_Id__c");
assert.equal(once[0].id, twice[0].id);
assert.equal((await contacts.retrieve(once[0].id)).LastName, "B");
const gone = await contacts.destroy([first, third, once[0].id]);
assert.ok(gone.every((each) => each.success));
await assert.rejects(contacts.retrieve(first), { errorCode: "NOT_FOUND" });
const bin = await connection.query("SELECT Id FROM Contact WHERE IsDeleted = true",
                                   { scanAll: true });
assert.equal(bin.totalSize, 3);
const deleted = await contacts.deleted(new Date(Date.now() - 600_000),
                                       new Date(Date.now() + 60_000));
assert.equal(deleted.deletedRecords.length, 3);

connection.bulk2.pollInterval = 50;
const stream = await connection.bulk2.query("SELECT Id, LastName FROM Contact");
const rows = await stream.toArray();
assert.equal(rows.length, 450);
assert.equal(new Set(rows.map((each) => each.Id)).size, 450);

await assert.rejects(connection.query("SELECT Nope FROM Contact"), { errorCode: "INVALID_FIELD" });
console.log("jsforce: all well");
