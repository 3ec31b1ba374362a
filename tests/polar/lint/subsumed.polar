# Rules that another rule makes superfluous. The format is told in tests/support/lint_cases.py.

## twice: OSO101
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow(user: User, "read", doc: Doc) if doc.owner = user;
## other-names: OSO101
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow(who: User, "read", what: Doc) if what.owner = who;
## turned-equation: OSO101
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow(user: User, "read", doc: Doc) if user = doc.owner;
## two-equals-signs: OSO101
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow(user: User, "read", doc: Doc) if doc.owner == user;
## name-for-a-lookup: OSO101
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow(user: User, "read", doc: Doc) if owner = doc.owner and owner = user;
## name-for-a-chain: OSO101
allow(user: User, "read", doc: Doc) if doc.folder.owner = user;
allow(user: User, "read", doc: Doc) if folder = doc.folder and folder.owner = user;
## one-more-condition: OSO101
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow(user: User, "read", doc: Doc) if doc.owner = user and doc.open;
## one-more-condition-in-front: OSO101
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow(user: User, "read", doc: Doc) if doc.open and doc.owner = user;
## special-one-first: OSO101
allow(user: User, "read", doc: Doc) if doc.owner = user and not doc.open;
allow(user: User, "read", doc: Doc) if doc.owner = user;
## other-order: OSO101
allow(user: User, "read", doc: Doc) if doc.owner = user and doc.open;
allow(user: User, "read", doc: Doc) if doc.open and doc.owner = user;
## subclass-of-actor: OSO101
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow(user: Admin, "read", doc: Doc) if doc.owner = user;
## subclass-of-resource: OSO101
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow(user: User, "read", doc: Memo) if doc.owner = user;
## class-against-none: OSO101
allow(user, "read", doc: Doc) if doc.owner = user;
allow(user: User, "read", doc: Doc) if doc.owner = user;
## class-by-matches: OSO101
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow(user: User, "read", doc: Doc) if doc matches Memo and doc.owner = user;
## field-of-a-pattern: OSO101
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow(user: User, "read", doc: Doc{state: "new"}) if doc.owner = user;
## field-as-a-condition: OSO101
allow(_: User, "read", _: Doc{state: "new"});
allow(_: User, "read", doc: Doc) if doc matches Doc{state: "new"} and doc.open;
## literal-against-a-variable: OSO101
allow(user: User, _, doc: Doc) if doc.owner = user;
allow(user: User, "read", doc: Doc) if doc.owner = user;
## literal-in-the-body: OSO101
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow(user: User, action, doc: Doc) if action = "read" and doc.owner = user;
## literal-as-a-specializer: OSO101
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow(user: User, _action: "read", doc: Doc) if doc.owner = user;
## literal-of-a-list: OSO101
allow(user: User, action, doc: Doc) if action in ["read", "edit"] and doc.owner = user;
allow(user: User, "edit", doc: Doc) if doc.owner = user;
## shorter-list: OSO101
allow(user: User, action, doc: Doc) if action in ["read", "edit", "drop"] and doc.owner = user;
allow(user: User, action, doc: Doc) if action in ["edit", "read"] and doc.owner = user;
## lower-bound: OSO101
allow(_: User, "read", doc: Doc) if doc.size < 10;
allow(_: User, "read", doc: Doc) if doc.size < 5;
## upper-bound: OSO101
allow(_: User, "read", doc: Doc) if doc.size >= 5;
allow(_: User, "read", doc: Doc) if doc.size > 5;
## value-inside-of-a-bound: OSO101
allow(_: User, "read", doc: Doc) if doc.size < 5;
allow(_: User, "read", doc: Doc) if doc.size = 3;
## value-that-differs: OSO101
allow(_: User, "read", doc: Doc) if doc.state != "new";
allow(_: User, "read", doc: Doc) if doc.state = "done";
## turned-bound: OSO101
allow(_: User, "read", doc: Doc) if doc.size > 5;
allow(_: User, "read", doc: Doc) if 6 < doc.size;
## one-side-of-or: OSO101
allow(user: User, "read", doc: Doc) if doc.owner = user or doc.open;
allow(user: User, "read", doc: Doc) if doc.owner = user;
## both-sides-of-or: OSO101
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow(user: User, "read", doc: Doc) if (doc.owner = user and doc.open) or (doc.owner = user and doc.size = 1);
## without-conditions: OSO101
allow(_: User, "read", _: Doc);
allow(user: User, "read", doc: Doc) if doc.owner = user;
## loop: OSO101
allow(user: User, "read", doc: Doc) if reader in doc.readers and reader = user;
allow(user: User, "read", doc: Doc) if one in doc.readers and one = user and doc.open;
## negation: OSO101
allow(user: User, "read", doc: Doc) if not doc.owner = user;
allow(user: User, "read", doc: Doc) if not doc.owner = user and doc.open;
## negation-with-a-loop: OSO101
allow(user: User, "read", doc: Doc) if not (reader in doc.readers and reader = user);
allow(user: User, "read", doc: Doc) if not (one in doc.readers and one = user) and doc.open;
## call: OSO101
allow(user: User, "read", doc: Doc) if mine(user, doc);
allow(user: User, "read", doc: Doc) if mine(user, doc) and doc.open;
mine(user: User, doc: Doc) if doc.owner = user;
## helper: OSO101
allow(user: User, "read", doc: Doc) if mine(user, doc);
mine(user: User, doc: Doc) if doc.owner = user;
mine(user: User, doc: Doc) if user = doc.owner and doc.open;
## arithmetic: OSO101
allow(_: User, "read", doc: Doc) if doc.size + 1 = 3;
allow(_: User, "read", doc: Doc) if doc.size + 1 = 3 and doc.open;
## shorthand-twice: OSO101
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc {
  roles = ["reader"];
  permissions = ["read"];
  "read" if "reader";
  "read" if "reader";
}
has_role(user: User, "reader", doc: Doc) if user in doc.readers;
## shorthand-and-rule: OSO101
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc {
  roles = ["reader"];
  permissions = ["read"];
  "read" if "reader";
}
has_role(user: User, "reader", doc: Doc) if user in doc.readers;
has_permission(user: User, "read", doc: Doc) if has_role(user, "reader", doc) and doc.open;
## role-twice: OSO101
allow(user: User, "read", doc: Doc) if has_role(user, "reader", doc);
has_role(user: User, "reader", doc: Doc) if user in doc.readers;
has_role(user: User, "reader", doc: Memo) if user in doc.readers;
## side-twice: OSO101
allow(user: User, "read", doc: Doc) if doc.owner = user or doc.owner = user;
## side-within-another: OSO101
allow(user: User, "read", doc: Doc) if doc.owner = user or (doc.open and doc.owner = user);
