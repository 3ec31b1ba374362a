actor User {}

global {
  roles = ["admin"];
}

resource Org {
  roles = ["admin"];
}

resource Repo {
  permissions = ["read", "push"];
  relations = { parent: Org };

  "read" if "admin" global "parent";
  "push" if "admin" global "parent" and resource.name = "open";
}

has_role(user: User, name: String) if name in user.roles;
has_role(user: User, name: String, _: Org) if name in user.roles;
has_relation(org: Org, "parent", repo: Repo) if org = repo.org;
allow(actor, action, resource) if has_permission(actor, action, resource);
