#!/usr/bin/env python3
"""`kontor connect zoho` as a person does it: on a terminal, against kontord and the simulated Zoho."""
import os
import re
import ssl
import stat
import subprocess
import sys
import unittest
import urllib.error
import urllib.parse
import urllib.request

from world import World

BIN = sys.argv.pop(1)


def content(path):
    with open(path) as file:
        return file.read()


class Browser(urllib.request.HTTPRedirectHandler):
    """Follows the consent page to wherever it leads, or stops before that."""

    def __init__(self, world, follow=True):
        self.follow = follow
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=world.tls), self)

    def redirect_request(self, request, fp, code, msg, headers, new):
        self.led_to = new
        return super().redirect_request(request, fp, code, msg, headers, new) if self.follow else None

    def open(self, url):
        try:
            with self.opener.open(url, timeout=30) as page:
                return page.read().decode()
        except urllib.error.HTTPError as stopped:
            if stopped.code in (301, 302) and not self.follow:
                return self.led_to
            raise


class GuidedConnect(unittest.TestCase):
    def setUp(self):
        self.world = World(BIN, "connect")
        self.addCleanup(self.world.close)
        self.world.start_peer("--records", "40", "--accounts", "5", "--deals", "5", "--seed", "3")
        self.world.kontor("init")
        self.world.start_daemon()

    def options(self):
        return [word for word in self.world.account()]

    def page_in(self, terminal):
        """The address that the person is asked to open."""
        terminal.expect("Open this page in your browser")
        while not re.search(r"https://\S+/oauth/v2/auth\S+\s", terminal.seen):
            self.assertTrue(terminal.read(), terminal.seen)
        return re.search(r"https://\S+/oauth/v2/auth\S+", terminal.seen).group(0)

    def assert_connected(self, terminal):
        terminal.expect("Connection zoho is set up.")
        terminal.expect("Forecast: about ")
        terminal.expect("Next: kontor sync zoho")
        self.assertEqual(terminal.end(), 0)
        self.world.kontor("sync", "zoho")
        self.assertEqual(self.world.sql("SELECT count(*) FROM contact"), [(40,)])

    def assert_no_traces(self, name="zoho"):
        """Nothing of a connection that did not come about."""
        self.assertEqual(self.world.json("connection", "list")["connections"], [])
        secrets = os.path.join(self.world.config, "secrets")
        self.assertEqual(os.listdir(secrets) if os.path.isdir(secrets) else [], [])
        self.assertFalse(os.path.exists(os.path.join(self.world.config, "conf.d", name + ".toml")))

    def begin(self, terminal, flow):
        terminal.expect("browser (browser)?")
        terminal.enter(flow)
        terminal.expect("Client ID: ")
        terminal.enter(self.world.info["client_id"])
        terminal.expect("Client secret (not shown): ")
        terminal.enter(self.world.info["client_secret"])

    def test_self_client(self):
        terminal = self.world.terminal("connect", "zoho", *self.options())
        self.begin(terminal, "")  # Enter takes what stands in brackets
        terminal.expect("Code generated there")
        terminal.enter(self.world.info["grant_code"])
        terminal.expect("Trying the credentials")
        self.assert_connected(terminal)
        self.assertNotIn(self.world.info["client_secret"], terminal.seen)
        token = os.path.join(self.world.config, "secrets", "zoho.refresh_token")
        self.assertEqual(stat.S_IMODE(os.stat(token).st_mode), 0o600)
        mapping = os.path.join(self.world.config, "zoho.mapping.toml")
        self.assertTrue(os.path.exists(mapping))
        self.world.kontor("config", "check")

    def test_a_wrong_data_centre_is_asked_for_again_and_custom_asks_for_addresses(self):
        terminal = self.world.terminal("connect", "zoho", "--ca-file", self.world.info["ca_file"])
        terminal.expect("[us]: ")
        terminal.enter("mars")
        terminal.expect("it is one of: us, eu")
        terminal.expect("[us]: ")
        terminal.enter("custom")
        terminal.expect("Accounts server, instead of the data centre's: ")
        terminal.enter(self.world.info["accounts_url"])
        terminal.expect("API server, instead of the one Zoho names: ")
        terminal.enter(self.world.info["base_url"])
        self.begin(terminal, "")
        terminal.expect("Code generated there")
        terminal.enter(self.world.info["grant_code"])
        self.assert_connected(terminal)

    def test_what_is_given_wrongly_is_told_before_anything_is_tried(self):
        for words, said in (
                (["--option", "data_centre=mars"], "one of: us, eu"),
                (["--option", "data_center=cn"], "did you mean data_centre"),
                (["--option", "data_centre=custom"], "--option accounts_url="),
                (["--ca-file", "/no/such/file"], "/no/such/file cannot be read")):
            with self.subTest(words):
                told = self.world.kontor("connect", "zoho", "--no-input", *words, check=False)
                self.assertEqual(told.returncode, 2, told.stderr)
                self.assertIn(said, told.stderr)
                self.assertNotIn("Trying", told.stderr)
        with open(os.path.join(self.world.dir, "secret"), "w") as file:
            file.write("wrong")
        os.chmod(file.name, 0o600)
        told = self.world.kontor("connect", "zoho", "--no-input", *self.options(), "--value",
                                 "client_id=" + self.world.info["client_id"], "--secret",
                                 "client_secret=file:" + file.name, "--secret",
                                 "refresh_token=file:" + self.world.secret_file("refresh_token"),
                                 check=False)
        self.assertEqual(told.returncode, 4, told.stderr)
        self.assertIn("Nothing was stored.", told.stderr)
        self.assertNotIn("sign-in", told.stderr)

    def test_refresh_token_instead_of_a_code(self):
        terminal = self.world.terminal("connect", "zoho", *self.options())
        self.begin(terminal, "self-client")
        terminal.expect("Code generated there")
        terminal.enter()
        terminal.expect("Refresh token (not shown): ")
        terminal.enter(self.world.info["refresh_token"])
        self.assert_connected(terminal)

    def test_browser_that_comes_back_by_itself(self):
        terminal = self.world.terminal("connect", "zoho", "--redirect-uri",
                                       "http://127.0.0.1:0/kontor", *self.options())
        self.begin(terminal, "browser")
        url = self.page_in(terminal)
        query = urllib.parse.parse_qs(urllib.parse.urlparse(url).query)
        self.assertEqual(query["access_type"], ["offline"])
        self.assertEqual(query["prompt"], ["consent"])
        self.assertIn("ZohoCRM.modules.ALL", query["scope"][0])
        back = query["redirect_uri"][0]
        # Somebody else on this computer, without the state, is no browser of ours.
        with self.assertRaises(urllib.error.HTTPError) as refused:
            Browser(self.world).open(back + "?code=1000.stolen&state=guess")
        self.assertEqual(refused.exception.code, 404)
        self.assertIn("You can close this page", Browser(self.world).open(url))
        self.assert_connected(terminal)

    def test_browser_on_another_computer(self):
        terminal = self.world.terminal("connect", "zoho", "--sign-in", "browser", "--redirect-uri",
                                       "https://crm.example.com/kontor", "--value",
                                       "client_id=" + self.world.info["client_id"], *self.options())
        terminal.expect("Client secret (not shown): ")
        terminal.enter(self.world.info["client_secret"])
        url = self.page_in(terminal)
        terminal.enter("https://crm.example.com/kontor?code=1000.other&state=other")
        terminal.expect("not the address of this sign-in")
        terminal.enter(Browser(self.world, follow=False).open(url))
        self.assert_connected(terminal)

    def test_a_user_who_does_not_consent(self):
        self.world.control("/switch", {"name": "consent", "value": "deny"})
        terminal = self.world.terminal("connect", "zoho", "--redirect-uri",
                                       "http://127.0.0.1:0/kontor", *self.options())
        self.begin(terminal, "browser")
        Browser(self.world).open(self.page_in(terminal))
        terminal.expect("Access was not granted: access_denied")
        self.assertEqual(terminal.end(), 4)
        self.assert_no_traces()

    def test_a_code_that_has_expired(self):
        terminal = self.world.terminal("connect", "zoho", *self.options())
        self.begin(terminal, "self-client")
        terminal.expect("Code generated there")
        terminal.enter("1000.nonsense.code")
        self.assertEqual(terminal.end(), 4)
        self.assertIn("kontor:", terminal.seen)
        self.assert_no_traces()
        # And again, with a good one: nothing stands in the way.
        terminal = self.world.terminal("connect", "zoho", *self.options())
        self.begin(terminal, "self-client")
        terminal.expect("Code generated there")
        terminal.enter(self.world.info["grant_code"])
        self.assert_connected(terminal)

    def test_ctrl_c_at_a_question(self):
        terminal = self.world.terminal("connect", "zoho", *self.options())
        terminal.expect("browser (browser)?")
        terminal.type("\x03")
        self.assertEqual(terminal.end(), 130)
        self.assert_no_traces()

    def test_ctrl_c_while_the_browser_is_waited_for(self):
        terminal = self.world.terminal("connect", "zoho", "--redirect-uri",
                                       "http://127.0.0.1:0/kontor", *self.options())
        self.begin(terminal, "browser")
        self.page_in(terminal)
        terminal.type("\x03")
        self.assertEqual(terminal.end(), 130)
        self.assert_no_traces()

    def test_access_withdrawn_then_signed_in_again(self):
        self.world.connect()
        self.world.kontor("sync", "zoho")
        self.world.control("/fault", {"kind": "revoke_refresh_token"})
        failed = self.world.kontor("sync", "zoho", check=False)
        self.assertEqual(failed.returncode, 4, failed.stderr)
        self.assertIn("kontor connection sign-in", failed.stderr)
        self.assertEqual(self.world.json("status", "zoho")["state"], "sign_in")
        token = os.path.join(self.world.dir, "refresh_token")
        before = content(token)
        terminal = self.world.terminal("connection", "sign-in", "zoho")
        terminal.expect("browser (browser)?")
        terminal.enter("self-client")
        terminal.expect("Code generated there")
        terminal.enter("1000.wrong.code")
        self.assertEqual(terminal.end(), 4)
        self.assertEqual(content(token), before)
        terminal = self.world.terminal("connection", "sign-in", "zoho", "--sign-in", "browser",
                                       "--redirect-uri", "http://127.0.0.1:0/")
        Browser(self.world).open(self.page_in(terminal))
        terminal.expect("zoho answers as")
        self.assertEqual(terminal.end(), 0)
        self.assertNotEqual(content(token), before)
        self.world.kontor("sync", "zoho")

    def test_without_a_terminal_nothing_is_asked(self):
        result = self.world.kontor("connect", "zoho", *self.options(), check=False,
                                   stdin=subprocess.DEVNULL)
        self.assertEqual(result.returncode, 2)
        self.assertIn("--value client_id=", result.stderr)
        result = self.world.kontor("connect", "zoho", *self.options(), "--value", "client_id=1",
                                   check=False, stdin=subprocess.DEVNULL)
        self.assertEqual(result.returncode, 2)
        self.assertIn("--secret-file code=", result.stderr)
        self.assert_no_traces()

    def test_a_browser_from_a_script(self):
        kontor = subprocess.Popen(
            [self.world.program("kontor"), "connect", "zoho", "--no-input", "--sign-in", "browser",
             "--redirect-uri", "http://127.0.0.1:0/kontor", "--value",
             "client_id=" + self.world.info["client_id"], "--secret",
             "client_secret=file:" + self.world.secret_file("client_secret"), *self.options()],
            env=self.world.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        url = next(line.strip() for line in kontor.stderr if "/oauth/v2/auth" in line)
        Browser(self.world).open(url)
        out, err = kontor.communicate(timeout=60)
        self.assertEqual(kontor.returncode, 0, err)
        self.assertIn("Connection zoho is set up.", out)

    def test_an_account_under_another_name_is_not_brought_a_second_time(self):
        world = self.world
        counted = lambda: (len(world.dump("Deals", "Deal_Name")),
                           world.sql("SELECT count(*) FROM deal")[0][0])
        world.connect()
        for words in (("sync", "zoho"), ("push", "on", "zoho"), ("sync", "zoho")):
            world.kontor(*words)
        before = counted()

        def refused(name):
            told = world.kontor("sync", name, check=False)
            self.assertEqual(told.returncode, 5, told.stderr)
            self.assertIn("the connection zoho has brought here already", told.stderr)
            self.assertIn("name it zoho again", told.stderr)

        world.connect("--name", "again")
        refused("again")
        world.kontor("sync", "zoho")
        self.assertEqual(counted(), before)
        # Not where the first one is there no more either: it has been renamed.
        folder = os.path.join(world.config, "conf.d")
        os.remove(os.path.join(folder, "again.toml"))
        file = os.path.join(folder, "zoho.toml")
        text = content(file)
        with open(file, "w") as out:
            out.write(re.sub(r"(?m)^\[connection\.zoho\b", "[connection.renamed", text))
        world.kontor("reload")
        refused("renamed")
        with open(file, "w") as out:
            out.write(text)
        world.kontor("reload")
        world.kontor("sync", "zoho")
        self.assertEqual(counted(), before)

    def test_what_is_asked_for_is_what_the_chosen_way_of_signing_in_needs(self):
        world = self.world
        world.start_salesforce("--records", "20", "--seed", "7")
        account = world.salesforce_account("client_credentials")
        told = world.kontor("connect", "salesforce", "--no-input", *account[:-2], check=False)
        self.assertEqual(told.returncode, 2, told.stderr)
        self.assertIn("--secret-file client_secret=", told.stderr)
        world.kontor("connect", "salesforce", "--no-input", *account)
        self.assertEqual(world.json("status", "salesforce")["options"]["sign_in"], "client_credentials")


if __name__ == "__main__":
    unittest.main(verbosity=2)
