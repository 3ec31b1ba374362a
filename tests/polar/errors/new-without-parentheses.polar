allow(user: User, "read", repo: Repo) if repo = new Repo and user = repo.owner;
allow(user: User, "push", repo: Repo) if repo.name = new Repo.name and user = repo.owner;
allow(user: User = nil, "list", repo: Repo) if user = repo.owner;
