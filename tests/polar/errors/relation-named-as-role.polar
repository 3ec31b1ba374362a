actor User {}

resource Repo {
  permissions = ["read"];
  roles = ["owner"];
  relations = { owner: User, parent: Org };
  "read" if "owner";
}

resource Org {
  relations = { parent: Org };
}

has_role(user: User, "owner", repo: Repo) if user in repo.owners;
has_relation(user: User, "owner", repo: Repo) if user = repo.owner;
has_relation(org: Org, "parent", child: Org) if org = child.parent;
allow(actor, action, resource) if has_permission(actor, action, resource);
