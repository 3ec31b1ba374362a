# Global roles, blocks that extend others, conditions in blocks, declared rules, the time

## global-role: a global role grants a permission on every resource of a block
actor User {}
global { roles = ["admin", "boss"]; permissions = ["invite"]; "admin" if "boss"; "invite" if "admin"; }
resource Org { permissions = ["read"]; "read" if global "admin"; }
has_role(user: User, name: String) if name in user.roles;
allow(a, b, c) if has_permission(a, b, c);
#? o = new Org() and u = new User("u", ["boss"]) and allow(u, "read", o) and has_permission(u, "invite")
#= o: <Org>, u: <User>

## global-role-missing: a user without the global role has no permission
actor User {}
global { roles = ["admin"]; }
resource Org { permissions = ["read"]; "read" if global "admin"; }
has_role(user: User, name: String) if name in user.roles;
allow(a, b, c) if has_permission(a, b, c);
#? o = new Org() and u = new User("u", ["boss"]) and allow(u, "read", o)

## extends: a class has the declarations and the shorthand rules of what it extends
actor User {}
resource Org { roles = ["owner"]; permissions = ["read"]; "read" if "owner"; }
resource Repo extends Org { permissions = ["push"]; "push" if "owner"; }
has_role(user: User, name: String, _: Repo) if name in user.roles;
has_role(_: User, "none", _: Org);
allow(a, b, c) if has_permission(a, b, c);
#? r = new Repo("r") and u = new User("u", ["owner"]) and allow(u, act, r)
#= act: "push", r: <Repo>, u: <User>
#= act: "read", r: <Repo>, u: <User>

## role-if-role: each role that both classes declare goes on along a relation
actor User {}
resource Org { roles = ["owner", "member", "guest"]; }
resource Repo {
  roles = ["owner", "member", "reader"];
  permissions = ["push"];
  relations = { org: Org };
  role if role on "org";
  "push" if "owner";
}
has_role(user: User, name: String, _: Org) if name in user.roles;
has_relation(org: Org, "org", _: Repo) if org = new Org();
allow(a, b, c) if has_permission(a, b, c);
#? r = new Repo("r") and u = new User("u", ["owner", "guest", "reader"]) and has_role(u, role, r)
#= r: <Repo>, role: "owner", u: <User>

## role-if-role-and: it may have a further condition
actor User {}
resource Org { roles = ["owner"]; }
resource Repo {
  roles = ["owner"];
  relations = { org: Org };
  role if role on "org" and is_open(resource);
}
is_open(repo: Repo) if repo.name = "open";
has_role(user: User, name: String, _: Org) if name in user.roles;
has_relation(org: Org, "org", _: Repo) if org = new Org();
#? r = new Repo(n) and n in ["open", "shut"] and u = new User("u", ["owner"]) and has_role(u, role, r)
#= n: "open", r: <Repo>, role: "owner", u: <User>

## role-if-role-without-roles: both classes declare the roles that go on
resource Org { roles = ["owner"]; }
resource Repo { roles = ["reader"]; relations = { org: Org }; role if role on "org"; }
#! ValidationError: No role is declared in both 'Repo' and 'Org', so this rule gives none

## role-if-role-without-relation: the relation is declared
resource Repo { roles = ["reader"]; role if role on "org"; }
#! ValidationError: Undeclared term "org" referenced in rule in 'Repo' resource block.

## role-is-a-name: the word means nothing elsewhere
role(role) if role = 1;
#? role(x)
#= x: 1

## extends-unknown: what is extended needs a block
actor User {}
resource Repo extends Org {}
#! ValidationError: 'Repo' extends 'Org', which has no block.

## extends-circle: no class extends itself, over whatever way
resource Org extends Repo {}
resource Repo extends Org {}
#! ValidationError: 'Org' extends 'Repo', which extends it.

## condition: a rule of a block has a further condition about actor and resource
actor User {}
resource Repo { roles = ["reader"]; permissions = ["read"];
  "read" if "reader" and resource.name = actor.name and not resource.org; }
has_role(user: User, name: String, _: Repo) if name in user.roles;
allow(a, b, c) if has_permission(a, b, c);
#? u = new User("same", ["reader"]) and r = new Repo("same", false) and allow(u, "read", r)
#= r: <Repo>, u: <User>

## condition-fails: without it the role is not enough
actor User {}
resource Repo { roles = ["reader"]; permissions = ["read"]; "read" if "reader" and resource.name = actor.name; }
has_role(user: User, name: String, _: Repo) if name in user.roles;
allow(a, b, c) if has_permission(a, b, c);
#? u = new User("other", ["reader"]) and r = new Repo("same") and allow(u, "read", r)

## condition-alone: a rule of a block may depend on a rule alone
actor User {}
resource Repo { permissions = ["read"]; "read" if is_open(resource); }
is_open(repo: Repo) if repo.name = "open";
allow(a, b, c) if has_permission(a, b, c);
#? u = new User("u") and r = new Repo("open") and allow(u, "read", r)
#= r: <Repo>, u: <User>

## condition-related: the condition stands beside the role on the related resource
actor User {}
resource Org { roles = ["member"]; }
resource Repo { permissions = ["read"]; relations = { org: Org }; "read" if "member" on "org" and resource.name = "open"; }
has_role(user: User, name: String, _: Org) if name in user.roles;
has_relation(org: Org, "org", repo: Repo) if org = repo.org;
allow(a, b, c) if has_permission(a, b, c);
#? o = new Org() and u = new User("u", ["member"]) and r = new Repo("open", o) and allow(u, "read", r)
#= o: <Org>, r: <Repo>, u: <User>

## condition-own-names: no variable of a condition is one that the block makes up
actor User {}
resource Repo { roles = ["reader"]; permissions = ["read"];
  "read" if "reader" and not (repo in actor.roles and repo = "banned"); }
has_role(user: User, "reader", _: Repo) if "reader" in user.roles;
allow(a, b, c) if has_permission(a, b, c);
#? u = new User("u", ["reader", "banned"]) and r = new Repo("r") and allow(u, "read", r)

## condition-own-names-related: nor the one for the related resource
actor User {}
resource Org { roles = ["member"]; }
resource Repo { permissions = ["read"]; relations = { org: Org };
  "read" if "member" on "org" and related_org in actor.roles and related_org = "x"; }
has_role(user: User, name: String, _: Org) if name in user.roles;
has_relation(org: Org, "org", repo: Repo) if org = repo.org;
allow(a, b, c) if has_permission(a, b, c);
#? o = new Org() and u = new User("u", ["member", "x"]) and r = new Repo("open", o) and allow(u, "read", r)
#= o: <Org>, r: <Repo>, u: <User>

## condition-braces: braces in a condition do not end the block
actor User {}
resource Repo { permissions = ["read"];
  "read" if is_open(resource) and resource matches {name: "open"} and actor matches User{name: "u"} and {a: 1} = {a: 1} and actor.name = "u"; }
is_open(repo: Repo) if repo.name = "open";
allow(a, b, c) if has_permission(a, b, c);
#? u = new User("u") and r = new Repo("open") and allow(u, "read", r)
#= r: <Repo>, u: <User>

## condition-cut: a cut in a condition means what it means in the written rule
actor User {}
resource Repo { roles = ["reader"]; permissions = ["read"];
  "read" if "reader" and cut and resource.name = "x"; "read" if is_open(resource); }
is_open(repo: Repo) if repo.name = "open";
has_role(user: User, name: String, _: Repo) if name in user.roles;
allow(a, b, c) if has_permission(a, b, c);
#? u = new User("u", ["reader"]) and r = new Repo("open") and allow(u, "read", r)

## condition-alone-cut: also behind a call
actor User {}
resource Repo { permissions = ["read"];
  "read" if is_open(resource) and cut and resource.name = "x"; "read" if is_open(resource); }
is_open(repo: Repo) if repo.name = "open";
allow(a, b, c) if has_permission(a, b, c);
#? u = new User("u") and r = new Repo("open") and allow(u, "read", r)

## declared: a rule that is declared and has no rules does not hold, and says so
declare is_open(Repo);
f(x) if is_open(x);
f(1);
#? f(1)
#= yes
#@ prints No rule and no data give `is_open`, so it never holds outside of tests

## undeclared-global: a global role is declared
global { roles = ["admin"]; }
actor User {}
resource Org { permissions = ["read"]; "read" if global "admn"; }
#! ValidationError: Undeclared term "admn" referenced as a global role or permission.

## time: the number of seconds since 1970
#? 1700000000 < @current_unix_time
#= yes

## words: the words of tests are names everywhere else
test(x) if fixture(x) and setup(x) and declare(x);
fixture(1); setup(1); declare(1); extends(1); global(1); assert(1); iff(1);
#? test(1) and extends(1) and global(1) and assert(1) and iff(1)
#= yes
