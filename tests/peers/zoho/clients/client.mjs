// What an application does with Zoho's own client library, unchanged but for the address.
// Usage: client.mjs PACKAGE, with the peer's JSON line in PEER and its CA in NODE_EXTRA_CA_CERTS.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const packageName = process.argv[2];
const sdk = await import(packageName);
const peer = JSON.parse(process.env.PEER);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kontor-sdk."));
process.on("exit", () => fs.rmSync(folder, { recursive: true, force: true }));

/// The library answers errors as objects of other classes: without this they would pass as answers.
async function answer(call, wrapper) {
  const response = await call;
  assert.notEqual(response, null);
  const object = await response.getObject();
  assert.ok(object instanceof wrapper,
            `${response.getStatusCode()} ${object?.constructor?.name} ` +
            `${object?.getCode?.()?.getValue?.()} ${object?.getMessage?.()?.getValue?.() ?? ""}`);
  return object;
}

async function parameters(pairs) {
  const map = new sdk.ParameterMap();
  for (const [parameter, value] of pairs) await map.add(parameter, value);
  return map;
}

/// The success details of each element of a write's answer.
async function written(call) {
  const wrapper = await answer(call, sdk.Record.ActionWrapper);
  return wrapper.getData().map((element) => {
    assert.ok(element instanceof sdk.Record.SuccessResponse,
              `${element.constructor.name} ${element.getCode?.().getValue()}`);
    return element;
  });
}

const idOf = (element) => BigInt(element.getDetails().get("id"));

function contact(values, id) {
  const record = new sdk.Record.Record();
  if (id !== undefined) record.setId(id);
  for (const [name, value] of Object.entries(values)) record.addKeyValue(name, value);
  return record;
}

function body(records, more = () => {}) {
  const wrapper = new sdk.Record.BodyWrapper();
  wrapper.setData(records);
  wrapper.setTrigger([]);
  more(wrapper);
  return wrapper;
}

const steps = {
  async "starts with a refresh token, sent as multipart"() {
    const environment = new sdk.Environment(peer.base_url, `${peer.accounts_url}/oauth/v2/token`,
                                            peer.base_url);
    const token = new sdk.OAuthBuilder()
      .clientId(peer.client_id).clientSecret(peer.client_secret)
      .refreshToken(peer.refresh_token).build();
    const builder = await new sdk.InitializeBuilder();
    await builder.environment(environment).token(token)
      .store(new sdk.FileStore(path.join(folder, "tokens")))
      .SDKConfig(new sdk.SDKConfigBuilder().autoRefreshFields(true).pickListValidation(false).build())
      .resourcePath(folder)
      .logger(new sdk.LogBuilder().level(sdk.Levels.ERROR)
                .filePath(path.join(folder, "sdk.log")).build())
      .initialize();
    assert.match(token.getAccessToken(), /^1000\./);
  },

  async "reads modules and fields"() {
    const modules = await answer(new sdk.Modules.ModulesOperations().getModules(),
                                 sdk.Modules.ResponseWrapper);
    const names = modules.getModules().map((module) => module.getAPIName());
    for (const name of ["Leads", "Contacts", "Deals", "Notes"]) assert.ok(names.includes(name), name);
    const fields = await answer(
      new sdk.Fields.FieldsOperations().getFields(
        await parameters([[sdk.Fields.GetFieldsParam.MODULE, "Contacts"]])),
      sdk.Fields.ResponseWrapper);
    const email = fields.getFields().find((field) => field.getAPIName() === "Email");
    assert.equal(email.getDataType(), "email");
  },

  async "reads users and the organisation"() {
    const users = await answer(
      new sdk.Users.UsersOperations().getUsers(
        await parameters([[sdk.Users.GetUsersParam.TYPE, new sdk.Choice("AllUsers")]])),
      sdk.Users.ResponseWrapper);
    assert.ok(users.getUsers().length >= 3);
    const org = await answer(new sdk.Org.OrgOperations().getOrganization(), sdk.Org.ResponseWrapper);
    assert.equal(org.getOrg()[0].getIsoCode(), "CNY");
  },

  async "pages through all records"() {
    const operations = new sdk.Record.RecordOperations("Contacts");
    const P = sdk.Record.GetRecordsParam;
    const seen = new Set();
    let token = null;
    do {
      const pairs = [[P.FIELDS, "Last_Name,Email,Account_Name,Owner,Date_of_Birth,Created_Time"]];
      if (token !== null) pairs.push([P.PAGE_TOKEN, token]);
      const page = await answer(operations.getRecords(await parameters(pairs)),
                                sdk.Record.ResponseWrapper);
      for (const record of page.getData()) {
        seen.add(record.getId().toString());
        assert.equal(typeof record.getKeyValue("Last_Name"), "string");
        assert.ok(record.getCreatedTime() instanceof Date);
      }
      token = page.getInfo().getMoreRecords() ? page.getInfo().getNextPageToken() : null;
    } while (token !== null);
    assert.equal(seen.size, 450);
  },

  async "inserts, updates, upserts, deletes, and sees what was deleted"() {
    const operations = new sdk.Record.RecordOperations("Contacts");
    const inserted = await written(operations.createRecords(body([
      contact({ Last_Name: "王小明", First_Name: "SDK", Email: "wang@example.com" }),
      contact({ Last_Name: "O'Neil & \"Söhne\"", Email: "oneil@example.com" })])));
    const [first, second] = inserted.map(idOf);
    assert.equal(inserted[0].getMessage().getValue?.() ?? inserted[0].getMessage(), "record added");

    await written(operations.updateRecord(first, body([contact({ Phone: "+86 21 5555 0101" })])));
    await written(operations.updateRecords(body([contact({ Department: "Einkauf" }, second)])));
    const upserted = await written(operations.upsertRecords(
      body([contact({ Last_Name: "王小明", Email: "wang@example.com", Title: "经理" })],
           (wrapper) => wrapper.setDuplicateCheckFields(["Email"]))));
    assert.equal(idOf(upserted[0]), first);

    const read = await answer(operations.getRecord(first), sdk.Record.ResponseWrapper);
    const record = read.getData()[0];
    assert.equal(record.getKeyValue("Last_Name"), "王小明");
    assert.equal(record.getKeyValue("Title"), "经理");
    assert.equal(record.getKeyValue("Phone"), "+86 21 5555 0101");

    await written(operations.deleteRecord(first));
    await written(operations.deleteRecords(
      await parameters([[sdk.Record.DeleteRecordsParam.IDS, second.toString()]])));
    const deleted = await answer(
      operations.getDeletedRecords(
        await parameters([[sdk.Record.GetDeletedRecordsParam.TYPE, "all"]])),
      sdk.Record.DeletedRecordsWrapper);
    assert.deepEqual(new Set(deleted.getData().map((each) => each.getId())), new Set([first, second]));
  },

  async "is told what a write lacks"() {
    const wrapper = await answer(
      new sdk.Record.RecordOperations("Contacts").createRecords(
        body([contact({ Last_Name: "Good" }), contact({ First_Name: "No last name" })])),
      sdk.Record.ActionWrapper);
    const [good, bad] = wrapper.getData();
    assert.ok(good instanceof sdk.Record.SuccessResponse);
    assert.ok(bad instanceof sdk.Record.APIException);
    assert.equal(bad.getCode().getValue(), "MANDATORY_NOT_FOUND");
  },

  async "asks by COQL"() {
    const query = new sdk.Coql.BodyWrapper();
    query.setSelectQuery("select Last_Name, Email from Contacts where (Last_Name is not null) limit 5");
    const found = await answer(new sdk.Coql.CoqlOperations().getRecords(query),
                               sdk.Coql.ResponseWrapper);
    assert.equal(found.getData().length, 5);
    assert.equal(found.getInfo().getCount(), 5);
  },

  async "exports by Bulk Read"() {
    const module = new sdk.Modules.MinifiedModule();
    module.setAPIName("Contacts");
    const query = new sdk.BulkRead.Query();
    query.setModule(module);
    query.setFields(["Last_Name", "Email"]);
    const request = new sdk.BulkRead.BodyWrapper();
    request.setQuery(query);
    request.setFileType(new sdk.Choice("csv"));
    const operations = new sdk.BulkRead.BulkReadOperations();
    const made = await answer(operations.createBulkReadJob(request), sdk.BulkRead.ActionWrapper);
    const job = BigInt(made.getData()[0].getDetails().get("id"));
    let state = "";
    // Each question is a round trip; the peer's own clock ends the job, a bound ends the wait.
    for (let asked = 0; asked < 2000 && state !== "COMPLETED"; ++asked) {
      const details = await answer(operations.getBulkReadJobDetails(job),
                                   sdk.BulkRead.ResponseWrapper);
      state = details.getData()[0].getState().getValue();
    }
    assert.equal(state, "COMPLETED");
    const file = await answer(operations.downloadResult(job), sdk.BulkRead.FileBodyWrapper);
    assert.equal(file.getFile().getName(), `${job}.zip`);
  },

  async "attaches a file, lists, reads and removes it"() {
    const contacts = new sdk.Record.RecordOperations("Contacts");
    const made = await written(contacts.createRecords(body([contact({ Last_Name: "Files" })])));
    const id = idOf(made[0]);
    const file = path.join(folder, "报价 2026.txt");
    fs.writeFileSync(file, "line one\r\nline two");
    const operations = new sdk.Attachments.AttachmentsOperations();
    const request = new sdk.Attachments.FileBodyWrapper();
    request.setFile(new sdk.StreamWrapper(null, null, file));
    const uploaded = await answer(operations.uploadAttachments(id, "Contacts", request),
                                  sdk.Attachments.ActionWrapper);
    const attachment = BigInt(uploaded.getData()[0].getDetails().get("id"));
    const listed = await answer(
      operations.getAttachments(id, "Contacts", await parameters(
        [[sdk.Attachments.GetAttachmentsParam.FIELDS, "id,File_Name,Size"]])),
      sdk.Attachments.ResponseWrapper);
    assert.equal(listed.getData()[0].getId(), attachment);
    const got = await answer(operations.getAttachment(attachment, id, "Contacts"),
                             sdk.Attachments.FileBodyWrapper);
    assert.equal(decodeURIComponent(got.getFile().getName()), "报价 2026.txt");
    await answer(operations.deleteAttachment(attachment, id, "Contacts"),
                 sdk.Attachments.ActionWrapper);
  },

  async "subscribes to notifications, lists and ends them"() {
    const operations = new sdk.Notifications.NotificationsOperations();
    const channel = new sdk.Notifications.Notification();
    channel.setChannelId("1006800212");
    channel.setEvents(["Contacts.all", "Deals.edit"]);
    channel.setToken("a token of ours");
    channel.setNotifyUrl("https://127.0.0.1:9/notify");
    channel.setChannelExpiry(new Date(Date.now() + 86_400_000));
    const request = new sdk.Notifications.BodyWrapper();
    request.setWatch([channel]);
    const made = await answer(operations.enableNotifications(request),
                              sdk.Notifications.ActionWrapper);
    assert.ok(made.getWatch()[0] instanceof sdk.Notifications.SuccessResponse);
    const listed = await answer(operations.getNotifications(), sdk.Notifications.ResponseWrapper);
    assert.equal(listed.getWatch()[0].getChannelId(), "1006800212");
    const ended = await answer(
      operations.deleteNotification(
        await parameters([[sdk.Notifications.DeleteNotificationParam.CHANNEL_IDS, "1006800212"]])),
      sdk.Notifications.ActionWrapper);
    assert.ok(ended.getWatch()[0] instanceof sdk.Notifications.SuccessResponse);
  },
};

for (const [name, step] of Object.entries(steps)) {
  try {
    await step();
    console.log(`ok   ${packageName} ${name}`);
  } catch (error) {
    console.log(`FAIL ${packageName} ${name}`);
    console.log(error?.message ?? "", error?.code ?? "", JSON.stringify(error?.details ?? null),
                error?.cause?.stack ?? error?.stack ?? error);
    process.exitCode = 1;
    if (name.startsWith("starts")) break;
  }
}
