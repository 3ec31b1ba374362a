allow(actor, "read", repo: Repo) if
  has_acess(actor, repo.org) or
  not banned(actor) and repo.org.name = "open";

has_access(_: User, _: Org);
