# Actor and resource blocks

## owner-push: roles through a relation; order of results follows the shorthand rules
actor User {}
resource Org { roles = ["owner", "member"]; permissions = ["read"]; "read" if "member"; "member" if "owner"; }
resource Repo { permissions = ["read", "push"]; roles = ["writer"]; relations = { parent: Org };
  "read" if "member" on "parent"; "push" if "writer"; "writer" if "owner" on "parent"; }
has_role(user: User, name: String, _org: Org) if name in user.roles;
has_relation(org: Org, "parent", repo: Repo) if org = repo.org;
allow(a, b, c) if has_permission(a, b, c);
#? o = new Org() and r = new Repo("r", o) and u = new User("u", ["owner"]) and allow(u, act, r)
#= act: "read", o: <Org>, r: <Repo>, u: <User>
#= act: "push", o: <Org>, r: <Repo>, u: <User>

## non-actor: the generated rules ask for an Actor
actor User {}
resource Org { roles = ["owner", "member"]; permissions = ["read"]; "read" if "member"; "member" if "owner"; }
resource Repo { permissions = ["read", "push"]; roles = ["writer"]; relations = { parent: Org };
  "read" if "member" on "parent"; "push" if "writer"; "writer" if "owner" on "parent"; }
has_role(user: User, name: String, _org: Org) if name in user.roles;
has_relation(org: Org, "parent", repo: Repo) if org = repo.org;
allow(a, b, c) if has_permission(a, b, c);
#? o = new Org() and allow(o, "read", o)

## keyword: keyword
thing Dog {}
#! ValidationError: Expected 'actor' or 'resource' but found 'thing'. at line 1, column 1:

## no-keyword: no keyword
Dog {}
#! ValidationError: Expected 'actor' or 'resource' but found nothing.

## global: a global block has no relations, which belong to resources
global { relations = {a: Cat}; }
#! ValidationError: A global block declares roles and permissions; relations belong to resources.

## roles-dict: roles dict
resource Dog { roles = {a: Cat}; }
#! ValidationError: Expected 'roles' declaration to be a list of strings; found a dictionary

## relations-list: relations list
resource Dog { relations = ["a"]; }
#! ValidationError: Expected 'relations' declaration to be a dictionary; found a list

## dup: dup
resource Dog { roles = ["a"]; permissions = ["a"]; }
#! ValidationError: Cannot overwrite existing role declaration "a" in resource Dog with permission

## related-undeclared: related undeclared
resource Dog { permissions = ["p"]; relations = {r: Cat}; "p" if "q" on "r"; } resource Cat {}
#! ValidationError: Dog: Term "q" not declared in related resource block 'Cat'. Did you mean to declare it as a role, permission, or relation in the 'Cat' resource block?

## related-missing: related missing
resource Dog { permissions = ["p"]; relations = {r: Cat}; "p" if "q" on "r"; }
#! ValidationError: Dog: Relation "r" in rule body `"q" on "r"` has type 'Cat', but no such resource block exists. Try declaring one: `resource Cat {}`

## need-has-role: no location
resource Dog { roles = ["a"]; }
#! ValidationError: Missing implementation for required rule has_role(actor: Actor{}, role: String{}, resource: Resource{});

## need-has-relation: need has relation
actor Cat {} resource Dog { permissions = ["p"]; relations = {own: Cat}; "p" if "own"; }
#! ValidationError: Missing implementation for required rule has_relation(subject: Cat{}, "own", object: Dog{}); at line 1, column 68:

## relation-shape: once a relation is declared, has_relation rules need its literal name
resource Dog { relations = {own: Cat}; } has_relation(_: Cat, _: String, _: Dog);
#! ValidationError: Invalid parameter 2. Rule parameter _2: String{} does not match rule type parameter "own"

## relation-head: a relation cannot be granted by a shorthand rule
resource Dog { relations = {own: Cat}; roles = ["r"]; "own" if "r"; } has_role(_: Actor, "r", _: Dog);
#! ValidationError: Rule specializer Actor on parameter 1 is not registered as a class.

## role-needs-string: role needs string
actor User {} resource Dog { roles = ["a"]; } has_role(_: User, _name, _: Dog);
#! ValidationError: Parameter `_name` expects a String type constraint.

## actor-union: an object that is in several members of a union is in it once
actor Animal {} actor Dog {} f(_: Actor);
#? f(rex)
#= yes

## actor-fields: the fields of a union's pattern count
actor Dog {} f(_: Actor{name: "nobody"});
#? f(rex)

## actor-is-resource: an actor is also a Resource
actor Dog {} f(_: Resource);
#? f(rex)
#= yes

## not-string: not string
resource Dog { permissions = [1]; }
#! UnrecognizedToken: did not expect to find the token '1'

## actor-declares: an actor block can declare everything too
actor User { permissions = ["ping"]; roles = ["root"]; "ping" if "root"; } has_role(u: User, "root", v: User) if u = v; allow(a, b, c) if has_permission(a, b, c);
#? u = new User("u") and allow(u, x, u)
#= u: <User>, x: "ping"

## override-specific: hand-written and shorthand rules together
actor User {} resource Org { permissions = ["read"]; roles = ["m"]; "read" if "m"; } has_role(u: User, "m", _: Org) if u.name = "a"; has_permission(u: User, "read", _: Org) if u.name = "b"; allow(a, b, c) if has_permission(a, b, c);
#? u in ["a", "b", "c"] and x = new User(u) and allow(x, "read", new Org()) and u = name
#= name: "a", u: "a", x: <User>
#= name: "b", u: "b", x: <User>

## union-and-body: each member of a union goes on with the rest of the parameters and the body
actor User {} actor Dog {} resource Repo {} resource Org {}
f(_: Resource, 1, y) if y = 2;
#? f(x, 1, 3)

## union-and-parameters: a literal after a union counts for each member
actor User {} actor Dog {}
f(_: Actor, "read");
g(x) if f(y, "write") and y = x;
#? g(rex)

## union-and-parameters-2: and where it is right, each member is an answer
actor User {} actor Dog {}
f(_: Actor, "read");
g(x) if f(y, "read") and y = x;
#? g(rex)
#= yes

## union-in-a-field: the same for a pattern inside a pattern
actor User {} actor Dog {}
f(_: {owner: Actor{}}, "read");
g(x, action) if f(y, action) and y = x;
#? g({owner: rex}, "write")
