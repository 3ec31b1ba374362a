#: bob read public
allow(user: User, "read", post: Post) if
  post.published and
  not banned(user) and
  user.age > 3;

banned(user: User) if
  user.banned and
  user.name in ["bob", "eve"];
