## role-by-two-steps: OSO101
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { permissions = ["read"]; roles = ["reader", "writer", "owner"];
  "read" if "reader"; "reader" if "writer"; "writer" if "owner"; "reader" if "owner"; }
has_role(user: User, name: String, doc: Doc) if user.role = name and user in doc.readers;

## permission-of-the-higher-role: OSO101
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { permissions = ["read"]; roles = ["reader", "writer"];
  "read" if "reader"; "read" if "writer"; "reader" if "writer"; }
has_role(user: User, name: String, doc: Doc) if user.role = name and user in doc.readers;

## role-on-a-related-class: OSO101
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Folder { roles = ["reader", "writer"]; "reader" if "writer"; }
resource Doc { permissions = ["read"]; relations = { folder: Folder };
  "read" if "reader" on "folder"; "read" if "writer" on "folder"; }
has_relation(folder: Folder, "folder", doc: Doc) if doc.folder = folder;
has_role(user: User, name: String, folder: Folder) if user.role = name and folder.owner = user;

## permission-that-a-role-gives: OSO101
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { permissions = ["edit"]; roles = ["writer"]; "edit" if "writer"; }
has_role(user: User, "writer", doc: Doc) if doc.owner = user;
has_permission(user: User, "edit", doc: Doc) if doc.owner = user and doc.open;

## helper-spelt-out: OSO101
allow(user: User, "read", doc: Doc) if is_trusted(user, doc);
allow(user: User, "read", doc: Doc) if doc.owner = user and doc.state = "done" and doc.open;
is_trusted(user: User, doc: Doc) if doc.owner = user and is_done(doc);
is_done(doc: Doc) if doc.state = "done";

## two-roles-beside-each-other: silent
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { permissions = ["read"]; roles = ["reader", "writer"]; "read" if "reader"; "read" if "writer"; }
has_role(user: User, name: String, doc: Doc) if user.role = name and user in doc.readers;

## higher-role-elsewhere: silent
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Folder { roles = ["reader", "writer"]; }
resource Doc { permissions = ["read"]; roles = ["reader", "writer"]; relations = { folder: Folder };
  "read" if "reader"; "read" if "writer"; "reader" if "reader" on "folder"; "writer" if "writer" on "folder"; }
has_relation(folder: Folder, "folder", doc: Doc) if doc.folder = folder;
has_role(user: User, name: String, folder: Folder) if user.role = name and folder.owner = user;

## helper-with-a-cut: silent
allow(user: User, "read", doc: Doc) if is_trusted(user, doc);
allow(user: User, "read", doc: Doc) if doc.owner = user and doc.open;
is_trusted(user: User, doc: Doc) if cut and doc.owner = user and doc.open;

## helper-of-a-narrower-class: silent
allow(user: User, "read", doc: Doc) if is_trusted(user, doc);
allow(user: User, "read", doc: Doc) if doc.owner = user and doc.open;
is_trusted(user: Admin, doc: Doc) if doc.owner = user;

## each-by-the-other: OSO101
f(x) if g(x);
g(x) if h(x);
f(x) if h(x);
h(x) if x = 1;
allow(user: User, "read", _: Doc) if f(user.id);

## something-is-itself: OSO402
allow(actor, "edit", doc: Doc) if actor = actor and doc.open;

## numbers-are-equal: OSO401
allow(_, _, _) if 1 = 1;

## attribute-of-nobody: OSO102
allow(user: User, "edit", doc: Doc) if doc.owner = nil and doc.owner.name = user.name;

## nobody-and-somebody: silent
allow(_: Admin, "edit", doc: Doc) if doc.owner = nil;
allow(user: User, "edit", doc: Doc) if doc.owner != nil and doc.owner.name = user.name;

## side-of-or: OSO102
allow(user: User, "edit", doc: Doc) if doc.owner = user and (doc.open or (doc.size > 3 and doc.size < 2));

## class-of-a-column: OSO102
allow(person: Person, "read", team: Team) if x = team.name and x < 3 and x = 3 and team.id = person.id;

## class-of-a-relation: OSO102
allow(person: Person, "read", member: Member) if leads(person, member.person);
leads(person: Person, team: Team) if team.name = person.name;

## relation-of-the-class: silent
allow(person: Person, "read", member: Member) if leads(person, member.team);
leads(person: Person, team: Team) if team.name = person.name;

## new-object-without-a-relation: silent
allow(_: Person, "read", member: Member) if member.team = nil;
allow(person: Person, "read", member: Member) if member.role = nil and member.person = person;

## role-that-conditions-keep: OSO202
allow(actor, action, resource) if has_permission(actor, action, resource);
actor User {}
resource Doc { permissions = ["read"]; roles = ["reader", "writer"]; "read" if "reader"; "reader" if "writer"; }
has_role(user: User, name: String, doc: Doc) if name in ["reader"] and user in doc.readers;
