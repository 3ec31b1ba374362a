allow(user: User, ("read", "write"), repo: Repo) if user = repo.owner;
allow(user: User, "read" or "write", repo: Repo) if user = repo.owner;
allow(user: User, "read" | "write", repo: Repo) if user = repo.owner;
allow(user is User, "list", repo: Repo) if user = repo.owner;
allow(User user, "fork", repo: Repo) if user = repo.owner;
allow(user: User repo: Repo) if user = repo.owner;
allow(user: User, action in ["read", "write"], repo: Repo) if user = repo.owner;
allow(user: User, :read, repo: Repo) if user = repo.owner;
