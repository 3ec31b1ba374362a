# Resource blocks: what shorthand rules stand for

## permission-permission: a permission that follows from a permission
actor User {}
resource Org { permissions = ["read", "write"]; "read" if "write"; }
has_permission(u: User, "write", _: Org) if u.name = "a";
allow(a, b, c) if has_permission(a, b, c);
#? u = new User("a") and allow(u, p, new Org())
#= p: "write", u: <User>
#= p: "read", u: <User>

## permission-relation: a permission that follows from a relation
actor User {}
resource Repo { permissions = ["read"]; relations = { owner: User }; "read" if "owner"; }
has_relation(u: User, "owner", r: Repo) if u.name = r.name;
allow(a, b, c) if has_permission(a, b, c);
#? allow(new User("a"), p, new Repo("a")) and not allow(new User("b"), p, new Repo("a"))
#= p: "read"

## role-relation: a role that follows from a relation
actor User {}
resource Repo { roles = ["admin"]; relations = { owner: User }; "admin" if "owner"; }
has_relation(u: User, "owner", r: Repo) if u.name = r.name;
#? has_role(new User("a"), role, new Repo("a"))
#= role: "admin"

## role-permission: a role that follows from a permission
actor User {}
resource Org { roles = ["m"]; permissions = ["p"]; "m" if "p"; }
has_permission(_: User, "p", _: Org);
#? has_role(new User("a"), role, new Org())
#= role: "m"

## permission-on: a permission through a permission on a relation
actor User {}
resource Org { permissions = ["read"]; }
resource Repo { permissions = ["view"]; relations = { org: Org }; "view" if "read" on "org"; }
has_relation(o: Org, "org", r: Repo) if o = r.org;
has_permission(u: User, "read", o: Org) if u.name = o.name;
#? o = new Org("x") and has_permission(new User("x"), p, new Repo("r", o))
#= o: <Org>, p: "view"

## relation-on: a permission through a relation on a relation
actor User {}
resource Org { relations = { boss: User }; }
resource Repo { permissions = ["view"]; relations = { org: Org }; "view" if "boss" on "org"; }
has_relation(o: Org, "org", r: Repo) if o = r.org;
has_relation(u: User, "boss", o: Org) if u.name = o.name;
#? o = new Org("x") and has_permission(new User("x"), p, new Repo("r", o))
#= o: <Org>, p: "view"

## role-chain: roles chain
actor User {}
resource Org { roles = ["a", "b", "c"]; "c" if "b"; "b" if "a"; }
has_role(u: User, name: String, _: Org) if name in u.roles;
#? has_role(new User("x", ["a"]), r, new Org())
#= r: "a"
#= r: "c"
#= r: "b"

## two-blocks: blocks of one class are one
actor User {}
resource Org { roles = ["a"]; }
resource Org { permissions = ["p"]; "p" if "a"; }
has_role(_: User, "a", _: Org);
#? has_permission(new User("x"), p, new Org())
#= p: "p"

## repeated-elsewhere: a name may be declared again in another block of the class
actor User {}
resource Org { roles = ["a"]; }
resource Org { roles = ["a"]; permissions = ["p"]; "p" if "a"; }
has_role(_: User, "a", _: Org);
#? has_permission(new User("x"), p, new Org())
#= p: "p"

## repeated-inside: but not in one
resource Org { roles = ["a", "a"]; }
#! ValidationError: Cannot overwrite existing role declaration "a" in resource Org with role at line 1, column 30

## order-free: a shorthand rule may precede what it names
actor User {}
resource Org { "p" if "a"; permissions = ["p"]; roles = ["a"]; }
has_role(_: User, "a", _: Org);
#? has_permission(new User("x"), p, new Org())
#= p: "p"

## blocks-last: the order of blocks and rules is free too
has_role(_: User, "a", _: Org);
resource Org { permissions = ["p"]; roles = ["a"]; "p" if "a"; }
actor User {}
#? has_permission(new User("x"), p, new Org())
#= p: "p"

## subclass-of-block: an instance of a subclass is in the block
actor User {}
resource Animal { permissions = ["p"]; roles = ["a"]; "p" if "a"; }
has_role(_: User, "a", _: Animal);
#? has_permission(new User("x"), p, bit)
#= p: "p"

## duplicates: a shorthand rule written twice gives two solutions
actor User {}
resource Org { permissions = ["p"]; roles = ["a"]; "p" if "a"; "p" if "a"; }
has_role(_: User, "a", _: Org);
#? has_permission(new User("x"), p, new Org())
#= p: "p"
#= p: "p"

## class-rule-first: a hand-written rule with a class comes before the shorthand rules
actor User {}
resource Org { permissions = ["p", "q"]; roles = ["a"]; "p" if "a"; }
has_role(_: User, "a", _: Org);
has_permission(_: User, "q", _: Org);
#? has_permission(new User("x"), p, new Org())
#= p: "q"
#= p: "p"

## undeclared: a name that nobody declared
resource Org { permissions = ["p"]; "p" if "q"; }
#! ValidationError: Undeclared term "q" referenced in rule in 'Org' resource block. Did you mean to declare it as a role, permission, or relation? at line 1, column 44

## undeclared-head: a head that nobody declared
resource Org { permissions = ["p"]; "q" if "p"; }
#! ValidationError: Undeclared term "q" referenced in rule in 'Org' resource block. Did you mean to declare it as a role, permission, or relation? at line 1, column 37

## undeclared-relation: a relation that nobody declared
resource Org { permissions = ["p"]; "p" if "p" on "r"; }
#! ValidationError: Undeclared term "r" referenced in rule in 'Org' resource block. Did you mean to declare it as a role, permission, or relation? at line 1, column 51

## unregistered: a class that nobody registered
resource Nope {}
#! ValidationError: Unregistered class: Nope at line 1, column 1

## unregistered-related: the class of a relation too
resource Org { relations = { r: Nope }; }
#! ValidationError: Unregistered class: Nope at line 1, column 33

## on-misspelt: a word other than on
resource Org { permissions = ["p"]; relations = { r: Org }; "p" if "p" at "r"; }
#! ValidationError: Unexpected relation keyword 'at'. Did you mean 'on'? at line 1, column 72

## declared-twice: a kind is declared once in a block
resource Org { roles = ["a"]; roles = ["b"]; }
#! ValidationError: Multiple 'roles' declarations in 'Org' resource block. at line 1, column 39

## other-list: another name with a list
resource Org { rules = ["a"]; }
#! ValidationError: Unexpected declaration 'rules'. Did you mean for this to be 'roles = [ ... ];' or 'permissions = [ ... ];'? at line 1, column 24

## other-dict: another name with a dictionary
resource Org { links = { a: Org }; }
#! ValidationError: Unexpected declaration 'links'. Did you mean for this to be 'relations = { ... };'? at line 1, column 24

## overwrite-relation: a relation with the name of a role
resource Org { roles = ["a"]; relations = { a: Org }; }
#! ValidationError: Cannot overwrite existing role declaration "a" in resource Org with relation at line 1, column 48

## overwrite-in-second: the same in another block
resource Org { roles = ["a"]; }
resource Org { permissions = ["a"]; }
#! ValidationError: Cannot overwrite existing role declaration "a" in resource Org with permission at line 2, column 31

## empty: an empty block makes a member of the union
resource Org {}
f(_: Resource);
#? f(new Org()) and not f(rex)
#= yes

## resource-no-actor: a resource is no actor
resource Org {}
actor User {}
f(_: Actor);
#? f(new Org())

## no-blocks: a union without blocks has no members
f(_: Actor);
#? f(rex)

## matches-union: a union behind matches
actor User {}
#? new User("a") matches Actor and new User("a") matches Resource and not rex matches Actor
#= yes

## relation-rule-missing: a relation that is used needs a rule
actor User {}
resource Org { permissions = ["p"]; roles = ["r"]; }
resource Repo { permissions = ["p"]; relations = { org: Org }; "p" if "r" on "org"; }
has_role(_: User, "r", _: Org);
#! ValidationError: Missing implementation for required rule has_relation(subject: Org{}, "org", object: Repo{}); at line 3, column 57

## relation-rule-unused: one that is only declared does not
resource Org {}
resource Repo { relations = { org: Org }; }
f(1);
#? f(x)
#= x: 1

## warning-permission: a warning about permissions that no rule asks for
resource Org { permissions = ["p"]; }
allow(_, _, _);
#@ prints [warning] Warning: your policy uses resource blocks but does not call the
#@ prints has_permission rule. This means that permissions you define in a
