"""The property of `make run`: what stands around its meters. Two shops and homes with tenants, leases, prices
by the time of day, and accounts whose credit the household load uses up: most have enough, some are low, one is
overdrawn, one is cut, and one will be while somebody looks on. Everything is made through the API, as a client
would; what is there already is left as it is, so a start that was cut short goes on where it stopped."""
import contextlib
import datetime
import json
import threading
import urllib.error
import urllib.request
import uuid

P1 = "/properties/p1"
# The room of a terminal's meter: (floor, room).
ROOMS = [("1", "101"), ("1", "102"), ("2", "201"), ("2", "202"), ("3", "301"), ("3", "302"), ("4", "401"), ("4", "402")]
# They stand in the first of these buildings that is ours or free: a site that SITE made has a building 1 with tenants of its own.
BUILDINGS = [("1", "1 号楼"), ("D", "示范楼")]
FLOORS = {"1": "商铺", "2": "", "3": "", "4": ""}
# By terminal: customer, kind, phone, days of the lease (begun, still to go), old balance in fen, paid since in fen, alarm plan.
TENANTS = [
    ("百味茶餐厅", "company", "13810020001", (-400, 300), 0, 61240, "shops"),
    ("晨光文具店", "company", "13810021380", (-40, None), 0, 5820, "shops"),
    ("李雅琴", "person", "13810022759", (-90, 25), 0, 8640, None),
    ("王建国", "person", "13810024138", (-220, 140), 5, 0, None),
    ("陈丽华", "person", "13810025517", (-30, 335), -1860, 0, None),
    ("恒信房产中介", "company", "13810026896", (-365, 210), -1230, 0, "office"),
    ("张三", "person", "13810028275", (-150, 12), 0, 2375, None),
]


def day(from_today):
    china = datetime.timezone(datetime.timedelta(hours=8))
    return (datetime.datetime.now(china) + datetime.timedelta(days=from_today)).strftime("%Y-%m-%d")


def new_year():
    """00:00 of this year's first day in China."""
    return f"{int(day(0)[:4]) - 1}-12-31T16:00:00Z"


class Client:
    """The API as it is called here: JSON, a session in a cookie, keys for what is made."""

    def __init__(self, opener, base):
        self.opener, self.base = opener, base

    def send(self, method, path, body=None, version=None):
        """(answer, ETag)"""
        headers = {"Content-Type": "application/json", "X-Wattle-Request": "1", "Idempotency-Key": str(uuid.uuid4())}
        if version:
            headers["If-Match"] = version
        request = urllib.request.Request(f"{self.base}/api/v1{path}", method=method, headers=headers)
        try:
            with self.opener.open(request, json.dumps(body).encode() if body is not None else None, timeout=10) as answer:
                return json.loads(answer.read() or b"null"), answer.headers.get("ETag")
        except urllib.error.HTTPError as error:
            error.detail = error.read().decode(errors="replace")
            raise

    def call(self, method, path, body=None):
        return self.send(method, path, body)[0]

    def edit(self, method, path, body, read=None):
        """Changes what is there now."""
        _, version = self.send("GET", read or path)
        return self.send(method, path, body, version or '"v0"')[0]

    def found_or_made(self, path, body, same, query=""):
        """The object of a list that is the `same`, made if there is none."""
        for item in self.call("GET", f"{path}{query}")["items"]:
            if same(item):
                return item
        return self.call("POST", path, body)

    @contextlib.contextmanager
    def watching(self):
        """Somebody listens to the live values meanwhile; without that, terminals tell their readings only."""
        done, stream = threading.Event(), self.opener.open(f"{self.base}/api/v1/events")

        def listen():
            with contextlib.suppress(OSError, ValueError), stream:
                while not done.is_set() and stream.read1(65536):
                    pass

        threading.Thread(target=listen, daemon=True).start()
        try:
            yield
        finally:
            done.set()


# ---- rooms, people, prices: at the start, before any terminal is there ----

def prices(client):
    """By the time of day; a home pays less at night, a shop more in its two peaks."""
    def slots(*pairs):
        return {"tables": [{"slots": [{"from": start, "rate": rate} for start, rate in pairs]}]}

    def rates(**by_name):
        return [{"name": name, "price_uy": price} for name, price in by_name.items()]

    plans = {
        "homes": ("居民分时", {"rates": rates(峰=558300, 谷=358300), "calendar": slots(("08:00", 1), ("22:00", 2))}),
        "shops": ("商铺分时", {"rates": rates(尖=1182000, 平=798000, 谷=412000),
                           "calendar": slots(("08:00", 2), ("10:00", 1), ("12:00", 2), ("18:00", 1), ("21:00", 2), ("23:00", 3))}),
    }
    made, since = {}, new_year()
    for code, (name, plan) in plans.items():
        tariff = client.found_or_made(f"{P1}/tariffs", {"code": code, "name": name, "service": "electricity"}, lambda t, code=code: t["code"] == code)
        url = f"{P1}/tariffs/{tariff['id']}/versions"
        version = client.found_or_made(url, {"plan": plan, "valid_from": since}, lambda v: True)
        if version["state"] == "draft":
            client.edit("PUT", f"{url}/{version['id']}/publication", {"reason": "开业价格"}, f"{url}/{version['id']}")
        made[code] = tariff["id"]
    if not client.call("GET", f"{P1}/tariff-uses")["items"]:
        client.call("POST", f"{P1}/tariff-uses", {"tariff": made["homes"], "from": since, "reason": "开业价格"})
    return made


def rules(client):
    """Who is warned when; a cut is announced a minute ahead, so that whoever looks on need not wait for a day."""
    for code, plan in {"default": {"cut_notice_s": 60},
                       "shops": {"name": "商铺", "alarm1_fen": 10000, "alarm2_fen": 3000, "alarm2_trips": False},
                       "office": {"name": "办公 (可透支)", "alarm1_fen": 5000, "alarm2_fen": 1000, "overdraft_fen": 5000}}.items():
        try:
            client.edit("PATCH", f"{P1}/alarm-plans/{code}", plan)
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            client.send("PATCH", f"{P1}/alarm-plans/{code}", plan, '"v0"')


def building(client):
    """(code, name) of the building in which the rooms stand."""
    names = {item["code"]: item["name"] for item in client.call("GET", f"{P1}/spaces?limit=500&kind=building")["items"]}
    return next((code, name) for code, name in BUILDINGS if names.get(code, name) == name)


def rooms(client, building):
    """Number of the space of each room, by its place in ROOMS."""
    made = {}

    def space(kind, code, parent, name=""):
        if (parent, code) not in made:
            body = {"kind": kind, "code": code, "parent": parent, "name": name}
            query = f"?limit=500&parent={parent}" if parent else "?limit=500&kind=building"
            made[parent, code] = client.found_or_made(f"{P1}/spaces", body, lambda s: s["code"] == code, query)["id"]
        return made[parent, code]

    numbers = []
    for floor, room in ROOMS:
        at = space("floor", floor, space("building", building[0], None, building[1]), FLOORS[floor])
        numbers.append(space("room", room, at))
    return numbers


def tenants(client, spaces):
    """Number of the customer of each room, with a lease of it."""
    numbers = []
    for (name, kind, phone, (begun, left), *_), space in zip(TENANTS, spaces):
        code = f"K{len(numbers) + 1:04}"
        customer = client.found_or_made(f"{P1}/customers", {"name": name, "kind": kind, "code": code, "phones": [{"number": phone, "main": True}]},
                                        lambda c, code=code: c["code"] == code, f"?q={code}")
        lease = {"customer": customer["id"], "spaces": [space], "start": day(begun), "code": f"L{code}"}
        if left is not None:
            lease["end"] = day(left)
        client.found_or_made(f"{P1}/leases", lease, lambda l, code=code: l["code"] == f"L{code}", f"?q=L{code}")
        numbers.append(customer["id"])
    return numbers


def address(client):
    """Whom tenants call: it stands in what they are told."""
    if not client.call("GET", P1)["phone"]:
        client.edit("PATCH", P1, {"address": "示范路 1 号", "phone": "0571-88886666"})


class Demo:
    """Makes the property, then the account of each meter as its terminal is adopted."""

    def __init__(self, client):
        self.client = client
        address(client)
        self.tariffs = prices(client)
        rules(client)
        self.building = building(client)
        self.spaces = rooms(client, self.building)
        self.customers = tenants(client, self.spaces)

    def name_of(self, k):
        """What the meter of terminal k is called."""
        return f"{self.building[0]}-{ROOMS[k][1]} 室"

    def move_in(self, k, meter):
        """True: the meter of terminal k hangs in its room and its tenant has an account. False: it has told no register yet."""
        live = self.client.call("GET", f"/meters/{meter}")["live"]
        if not live:
            return False
        settings = f"/meters/{meter}/settings"
        if self.client.call("GET", settings)["space"] != self.spaces[k]:
            self.client.edit("PATCH", settings, {"space": self.spaces[k]})
        self.account(k, meter, live["energy_wh"])
        return True

    def account(self, k, meter, register_wh):
        *_, old_fen, paid_fen, plan = TENANTS[k]
        code, client = f"H{ROOMS[k][1]}", self.client
        body = {"customer": self.customers[k], "code": code, **({"plan": plan} if plan else {})}
        account = client.found_or_made(f"{P1}/accounts", body, lambda a: a["code"] == code, f"?q={code}")
        path = f"{P1}/accounts/{account['id']}"
        if account["state"] == "draft":
            if plan == "shops":
                client.call("POST", f"{P1}/tariff-uses", {"tariff": self.tariffs["shops"], "meters": [meter], "from": new_year(), "reason": "商铺"})
            opening = {"meters": [{"meter": meter, "service": "electricity", "units": register_wh}], "reason": "入住抄表"}
            client.edit("PUT", f"{path}/open", {**opening, **({"opening_fen": old_fen} if old_fen else {})}, path)
        if paid_fen and not client.call("GET", f"{path}/statement")["items"]:
            client.call("POST", f"{P1}/orders", {"account": account["id"], "amount_fen": paid_fen, "channel": "transfer",
                                                 "voucher": f"D{day(0).replace('-', '')}{ROOMS[k][1]}"})
