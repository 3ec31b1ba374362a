# Right policies, each a neighbour of a wrong one: nothing is found.

## one-rule: silent
allow(user: User, "read", doc: Doc) if doc.owner = user;
## two-actions: silent
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow(user: User, "edit", doc: Doc) if doc.owner = user;
## two-attributes: silent
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow(user: User, "read", doc: Doc) if doc.folder.owner = user;
## two-classes: silent
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow(user: User, "read", folder: Folder) if folder.owner = user;
## two-actors: silent
allow(_: Admin, "read", _: Doc);
allow(user: User, "read", doc: Doc) if doc.owner = user;
## subclass-with-less: silent
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow(_: User, "read", doc: Memo) if doc.open;
## each-has-one-condition-more: silent
allow(user: User, "read", doc: Doc) if doc.owner = user and doc.open;
allow(user: User, "read", doc: Doc) if doc.owner = user and doc.size = 1;
## conditions-of-each-other: silent
allow(user: User, "read", doc: Doc) if doc.owner = user and doc.open;
allow(_: User, "read", doc: Doc) if doc.open and doc.size = 1;
## greater-bound: silent
allow(_: User, "read", doc: Doc) if doc.size < 5;
allow(_: User, "read", doc: Doc) if doc.size > 5;
## bounds-that-overlap: silent
allow(_: User, "read", doc: Doc) if doc.size < 5 and doc.size > 2;
allow(_: User, "read", doc: Doc) if doc.size < 7 and doc.size > 4;
## bounds-that-meet: silent
allow(_: User, "read", doc: Doc) if doc.size <= 5 and doc.size >= 5;
## lists-that-overlap: silent
allow(user: User, action, doc: Doc) if action in ["read", "edit"] and doc.owner = user;
allow(user: User, action, doc: Doc) if action in ["edit", "drop"] and doc.owner = user;
## value-outside-of-a-list: silent
allow(user: User, action, doc: Doc) if action in ["read", "edit"] and doc.owner = user;
allow(user: User, "drop", doc: Doc) if doc.owner = user;
## value-of-a-list: silent
allow(_: User, "read", doc: Doc) if doc.state in ["new", "open"] and doc.state != "new";
## two-attributes-of-two-values: silent
allow(user: User, "read", doc: Doc) if doc.state = "new" and user.name = "done";
## one-value-in-each-side: silent
allow(_: User, "read", doc: Doc) if doc.state = "new" or doc.state = "done";
## negations-differ: silent
allow(user: User, "read", doc: Doc) if not doc.owner = user;
allow(user: User, "read", doc: Doc) if doc.owner = user;
## negation-of-another: silent
allow(user: User, "read", doc: Doc) if doc.owner = user and not doc.folder.owner = user;
## owner-of-two: silent
allow(user: User, "read", doc: Doc) if doc.owner = user and doc.folder.owner = user;
## negation-with-more: silent
allow(user: User, "read", doc: Doc) if not (doc.owner = user and doc.open);
allow(user: User, "read", doc: Doc) if not doc.owner = user and doc.size = 1;
## two-loops: silent
allow(user: User, "read", doc: Doc) if one in doc.readers and one = user;
allow(user: User, "read", doc: Doc) if one in doc.readers and one.name = user.name;
## loop-with-two-readers: silent
allow(_: User, "read", doc: Doc) if one in doc.readers and one.name = "a" and other in doc.readers and other.name = "b";
## forall: silent
allow(_: User, "read", doc: Doc) if forall(one in doc.readers, one.is_admin);
## recursion: silent
allow(user: User, "read", folder: Folder) if inside(user, folder);
inside(user: User, folder: Folder) if folder.owner = user;
inside(user: User, folder: Folder) if inside(user, folder.parent);
## helpers-of-two-classes: silent
allow(user: User, "read", it) if mine(user, it);
mine(user: User, doc: Doc) if doc.owner = user;
mine(user: User, folder: Folder) if folder.owner = user;
## helper-of-a-parent-class: silent
allow(user: User, "read", memo: Memo) if mine(user, memo);
mine(user: User, doc: Doc) if doc.owner = user;
## helper-of-a-subclass: silent
allow(user: User, "read", doc: Doc) if mine(user, doc);
mine(user: User, memo: Memo) if memo.owner = user;
## class-by-matches: silent
allow(user: User, "read", doc: Doc) if doc matches Memo and doc.owner = user;
## no-class: silent
allow(user, "read", doc) if doc matches Doc and user matches User and doc.owner = user;
## class-of-a-text: silent
allow(user: User, action: String, doc: Doc) if action = "read" and doc.owner = user;
## pattern-with-a-field: silent
allow(_: User, "read", _: Doc{state: "new"});
allow(_: User, "read", _: Doc{state: "done"});
## pattern-and-attribute: silent
allow(user: User, "read", doc: Doc{state: "new"}) if doc.owner = user;
## rule-and-cut: silent
allow(_: User, "read", doc: Doc) if doc.open and cut and doc.size = 1;
allow(user: User, "read", doc: Doc) if doc.owner = user;
## deny-by-cut: silent
allow(user: User, _, _: Doc) if user.is_banned and cut and 1 = 2;
allow(user: User, "read", doc: Doc) if doc.owner = user;
## rule-in-front-of-a-cut: silent
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow(_: User, "read", doc: Doc) if cut and doc.open;
## two-names-of-one-attribute: silent
allow(user: User, "read", doc: Doc) if owner = doc.owner and owner.name = user.name and owner.is_admin;
## method: silent
allow(user: User, "read", doc: Doc) if doc.next() = 1 and doc.next() = 2 and doc.owner = user;
## same-actor-twice: silent
allow(user: User, "meet", user: User);
## one-allows-oneself: silent
allow(user: User, "edit", other: User) if user = other;
## everybody-reads: silent
allow(_, "read", _: Doc);
## everybody-reads-what-is-open: silent
allow(_visitor, "view", doc: Doc) if doc.open;
## everybody-lists: silent
allow(_, "list", Doc);
## everybody-opens-a-page: silent
allow(_, "post", "login");
## every-request-is-read: silent
allow(_, "GET", _: Folder);
## administrators-may-all: silent
allow(_: Admin, _, _);
## administrators-by-attribute: silent
allow(user: User, _, _) if user.is_admin;
## actor-without-a-class: silent
allow(actor, "edit", doc: Doc) if doc.owner = actor;
## dictionary-as-actor: silent
allow(_actor: {role: "admin"}, _, _: Doc);
## blocks: silent
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc {
  roles = ["reader", "writer"];
  permissions = ["read", "edit"];
  "read" if "reader";
  "edit" if "writer";
  "reader" if "writer";
}
has_role(user: User, "reader", doc: Doc) if user in doc.readers;
has_role(user: User, "writer", doc: Doc) if doc.owner = user;
## role-by-name: silent
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { roles = ["reader", "writer"]; permissions = ["read", "edit"]; "read" if "reader"; "edit" if "writer"; }
has_role(user: User, name: String, doc: Doc) if user.role = name and user in doc.readers;
## role-of-the-parent: silent
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Folder { roles = ["reader"]; permissions = ["read"]; "read" if "reader"; }
resource Doc {
  permissions = ["read"];
  relations = { folder: Folder };
  "read" if "reader" on "folder";
}
has_relation(folder: Folder, "folder", doc: Doc) if doc.folder = folder;
has_role(user: User, "reader", folder: Folder) if folder.owner = user;
## permission-of-the-parent: silent
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Folder { permissions = ["read"]; }
resource Doc { permissions = ["read"]; relations = { folder: Folder }; "read" if "read" on "folder"; }
has_relation(folder: Folder, "folder", doc: Doc) if doc.folder = folder;
has_permission(user: User, "read", folder: Folder) if folder.owner = user;
## permission-by-a-rule: silent
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { permissions = ["read", "edit"]; }
has_permission(user: User, name: String, doc: Doc) if name in ["read", "edit"] and doc.owner = user;
## permission-by-allow: silent
allow(actor, action, resource) if has_permission(actor, action, resource);
allow(user: User, "edit", doc: Doc) if doc.owner = user;
actor User {}
resource Doc { permissions = ["read", "edit"]; }
has_permission(user: User, "read", doc: Doc) if user in doc.readers;
## permission-of-a-subclass: silent
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { permissions = ["read"]; }
has_permission(user: User, "read", memo: Memo) if memo.owner = user;
## shorthand-and-rule-for-others: silent
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { roles = ["reader"]; permissions = ["read"]; "read" if "reader"; }
has_role(user: User, "reader", doc: Doc) if user in doc.readers;
has_permission(_: User, "read", doc: Doc) if doc.open;
## global-roles: silent
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
global { roles = ["staff"]; }
resource Doc { permissions = ["read"]; "read" if global "staff"; }
has_role(user: User, "staff") if user.is_admin;
## inherited-block: silent
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { roles = ["reader"]; permissions = ["read"]; "read" if "reader"; }
resource Memo extends Doc {}
has_role(user: User, "reader", doc: Doc) if user in doc.readers;
## condition-in-a-block: silent
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { roles = ["reader"]; permissions = ["read"]; "read" if "reader" and resource.open; }
has_role(user: User, "reader", doc: Doc) if user in doc.readers;
## fields: silent
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow_field(user: User, "read", doc: Doc, "state") if doc.owner = user;
allow_field(user: User, "read", doc: Doc, "size") if doc.owner = user;
## requests: silent
allow_request(_: User, request: Dictionary) if request.path = "/";
## numbers-of-two-kinds: silent
allow(_: User, "read", doc: Doc) if doc.size = 1 and doc.size = 1.0;
## number-classes: silent
allow(_: User, "read", doc: Doc) if doc.size matches Integer and doc.size matches Float;
## arithmetic: silent
allow(_: User, "read", doc: Doc) if doc.size + 1 = 3 and doc.size + 2 = 4;
## two-orders: silent
allow(user: User, "read", doc: Doc) if doc.size < user.id and user.id < doc.folder.id;
## values-of-loops: silent
allow(_: User, "read", doc: Doc) if (one in doc.readers and one.name = "a") or (two in doc.readers and two.name = "b");
## rule-that-gives-a-value: silent
allow(user: User, "read", doc: Doc) if level(doc, needed) and user.id >= needed;
level(_: Doc, 3);
level(doc: Doc, 1) if doc.open;
## rule-that-is-asked-for-a-value: silent
allow(user: User, "read", doc: Doc) if level(doc, name) and user.name = name;
level(doc: Doc, "a") if doc.open;
level(doc: Doc, doc.state) if doc.open;
## test: silent
allow(user: User, "read", doc: Doc) if doc.owner = user;
test "nothing" { assert_not allow(User{"ana"}, "read", Doc{"a", owner: "ben"}); }
## comment: silent
# oso: the reader ignores this
allow(user: User, "read", doc: Doc) if doc.owner = user;
## equal-numbers: silent
allow(_: User, "read", doc: Doc) if doc.size == 1 and doc.size = 1;
## helper-named-almost-as-allow: silent
allow(user: User, "read", doc: Doc) if allows(user, "read", doc);
allows(user: User, "read", doc: Doc) if doc.owner = user;
## question-of-the-program: silent
allow(user: User, "read", doc: Doc) if doc.owner = user;
allow_all(_: User, "read", doc: Doc) if doc.open;
allows(user: User, doc: Doc) if doc.owner = user;
## two-ors: silent
allow(user: User, "read", doc: Doc) if (doc.owner = user or user.is_admin) and (doc.open or user.is_admin);
## recursion-with-a-beginning: silent
allow(user: User, "read", folder: Folder) if is_below(user, folder);
is_below(user: User, folder: Folder) if folder.owner = user;
is_below(user: User, folder: Folder) if is_below(user, folder.parent);
