from typing import Self

from django.contrib.contenttypes.fields import GenericRelation
from django.db import models


class CourseStatus(models.IntegerChoices):
    ONLINE = 0, "上线"
    OFFLINE = 1, "下线"
    SOON = 2, "预上线"


class CourseCategory(models.Model):
    """A broad field of courses, e.g. front end, back end."""

    name = models.CharField(max_length=64, unique=True)

    class Meta:
        verbose_name = "课程大类"
        verbose_name_plural = "01.课程大类"

    def __str__(self) -> str:
        return self.name


class CourseSubCategory(models.Model):
    """A narrower field of courses, e.g. Python, Linux."""

    category = models.ForeignKey("CourseCategory", on_delete=models.CASCADE)
    name = models.CharField(max_length=64, unique=True)

    class Meta:
        verbose_name = "课程子类"
        verbose_name_plural = "02.课程子类"

    def __str__(self) -> str:
        return self.name


class Teacher(models.Model):
    """A lecturer or a mentor."""

    name = models.CharField(max_length=32)
    role_choices = ((0, "讲师"), (1, "导师"))
    role = models.SmallIntegerField(choices=role_choices, default=0)
    title = models.CharField(max_length=64, verbose_name="职位、职称")
    signature = models.CharField(max_length=255, help_text="导师签名", blank=True, null=True)
    image = models.CharField(max_length=128)
    brief = models.TextField(max_length=1024)

    class Meta:
        verbose_name = "导师或讲师"
        verbose_name_plural = "04.导师或讲师"

    def __str__(self) -> str:
        return self.name


class DegreeCourse(models.Model):
    """A degree: several courses sold as one, with mentors and a scholarship."""

    name = models.CharField(max_length=128, unique=True)
    course_img = models.CharField(max_length=255, verbose_name="缩略图")
    brief = models.TextField(verbose_name="学位课程简介")
    total_scholarship = models.PositiveIntegerField(verbose_name="总奖学金(贝里)", default=40000)
    mentor_compensation_bonus = models.PositiveIntegerField(
        verbose_name="本课程的导师辅导费用(贝里)", default=15000
    )
    # The scholarship is reckoned from it.
    period = models.PositiveIntegerField(verbose_name="建议学习周期(days)", default=150)
    prerequisite = models.TextField(verbose_name="课程先修要求", max_length=1024)
    teachers = models.ManyToManyField(Teacher, verbose_name="课程讲师")

    # The way back from the generic foreign keys; no columns.
    degreecourse_price_policy = GenericRelation("PricePolicy")
    asked_question = GenericRelation("OftenAskedQuestion")

    class Meta:
        verbose_name = "学位课"
        verbose_name_plural = "03.学位课"

    def __str__(self) -> str:
        return self.name


class Scholarship(models.Model):
    """What a student gets back for finishing a degree within a share of its period."""

    degree_course = models.ForeignKey("DegreeCourse", on_delete=models.CASCADE)
    time_percent = models.PositiveSmallIntegerField(
        verbose_name="奖励档位(时间百分比)", help_text="只填百分值,如80,代表80%"
    )
    value = models.PositiveIntegerField(verbose_name="奖学金数额")

    class Meta:
        verbose_name = "学位课奖学金"
        verbose_name_plural = "05.学位课奖学金"

    def __str__(self) -> str:
        return f"{self.degree_course}:{self.value}"


class CourseQuerySet(models.QuerySet["Course"]):
    def online(self) -> Self:
        """The courses that a learner can see and buy."""
        return self.filter(status=CourseStatus.ONLINE)


class Course(models.Model):
    """A course sold on its own, or a module of a degree."""

    name = models.CharField(max_length=128, unique=True)
    course_img = models.CharField(max_length=255)
    sub_category = models.ForeignKey("CourseSubCategory", on_delete=models.CASCADE)
    course_type_choices = ((0, "付费"), (1, "VIP专享"), (2, "学位课程"))
    course_type = models.SmallIntegerField(choices=course_type_choices)
    degree_course = models.ForeignKey(
        "DegreeCourse",
        blank=True,
        null=True,
        help_text="若是学位课程,此处关联学位表",
        on_delete=models.CASCADE,
    )
    brief = models.TextField(verbose_name="课程(模块)概述", max_length=2048)
    level_choices = ((0, "初级"), (1, "中级"), (2, "高级"))
    level = models.SmallIntegerField(choices=level_choices, default=1)
    pub_date = models.DateField(verbose_name="发布日期", blank=True, null=True)
    period = models.PositiveIntegerField(verbose_name="建议学习周期(days)", default=7)
    order = models.IntegerField("课程顺序", help_text="从上一个课程数字往后排")
    attachment_path = models.CharField(
        max_length=128, verbose_name="课件路径", blank=True, null=True
    )
    status_choices = CourseStatus.choices
    status = models.SmallIntegerField(choices=status_choices, default=CourseStatus.ONLINE)
    template_id = models.SmallIntegerField("前端模板id", default=1)

    # The way back from the generic foreign keys; no columns.
    price_policy = GenericRelation("PricePolicy")
    asked_question = GenericRelation("OftenAskedQuestion")

    objects = CourseQuerySet.as_manager()

    class Meta:
        verbose_name = "专题课或学位课模块"
        verbose_name_plural = "06.专题课或学位课模块"

    def __str__(self) -> str:
        return f"{self.name}({self.get_course_type_display()})"

    @property
    def is_unpriced(self) -> bool:
        """Whether it is online and nobody can buy it, for want of a price. One query, if online."""
        return self.status == CourseStatus.ONLINE and not self.price_policy.exists()


class CourseDetail(models.Model):
    """What the course's own page shows."""

    course = models.OneToOneField("Course", on_delete=models.CASCADE)
    hours = models.IntegerField("课时")
    course_slogan = models.CharField(max_length=125, blank=True, null=True)
    video_brief_link = models.CharField(
        verbose_name="课程介绍", max_length=255, blank=True, null=True
    )
    why_study = models.TextField(verbose_name="为什么学习这门课程")
    what_to_study_brief = models.TextField(verbose_name="我将学到哪些内容")
    career_improvement = models.TextField(verbose_name="此项目如何有助于我的职业生涯")
    prerequisite = models.TextField(verbose_name="课程先修要求", max_length=1024)
    recommend_courses = models.ManyToManyField(Course, related_name="recommend_by", blank=True)
    teachers = models.ManyToManyField(Teacher, verbose_name="课程讲师")

    class Meta:
        verbose_name = "课程或学位模块详细"
        verbose_name_plural = "07.课程或学位模块详细"

    def __str__(self) -> str:
        return str(self.course)


class CourseOutline(models.Model):
    """A heading of the outline on a course's page."""

    course_detail = models.ForeignKey("CourseDetail", on_delete=models.CASCADE)
    # The order in which the page shows them.
    order = models.PositiveSmallIntegerField(default=1)
    title = models.CharField(max_length=128)
    content = models.TextField("内容", max_length=2048)

    class Meta:
        unique_together = ("course_detail", "title")
        verbose_name = "课程大纲"
        verbose_name_plural = "09. 课程大纲"

    def __str__(self) -> str:
        return self.title


class CourseChapter(models.Model):
    """A chapter of a course."""

    course = models.ForeignKey("Course", related_name="coursechapters", on_delete=models.CASCADE)
    chapter = models.SmallIntegerField(verbose_name="第几章", default=1)
    name = models.CharField(max_length=128)
    summary = models.TextField(verbose_name="章节介绍", blank=True, null=True)
    pub_date = models.DateField(verbose_name="发布日期", auto_now_add=True)

    class Meta:
        unique_together = ("course", "chapter")
        verbose_name = "课程章节"
        verbose_name_plural = "10. 课程章节"

    def __str__(self) -> str:
        return f"{self.course}:(第{self.chapter}章){self.name}"


class CourseSection(models.Model):
    """A lesson of a chapter: a text, an exercise or a video."""

    chapter = models.ForeignKey(
        "CourseChapter", related_name="coursesections", on_delete=models.CASCADE
    )
    name = models.CharField(max_length=128)
    order = models.PositiveSmallIntegerField(
        verbose_name="课时排序", help_text="建议每个课时之间空1至2个值,以备后续插入课时"
    )
    section_type_choices = ((0, "文档"), (1, "练习"), (2, "视频"))
    section_type = models.SmallIntegerField(default=2, choices=section_type_choices)
    section_link = models.CharField(
        max_length=255, blank=True, null=True, help_text="若是video,填vid,若是文档,填link"
    )
    # Only shown by the front end, never reckoned with.
    video_time = models.CharField(verbose_name="视频时长", blank=True, null=True, max_length=32)
    pub_date = models.DateTimeField(verbose_name="发布时间", auto_now_add=True)
    free_trail = models.BooleanField("是否可试看", default=False)

    class Meta:
        unique_together = ("chapter", "section_link")
        verbose_name = "课时"
        verbose_name_plural = "11. 课时"

    def __str__(self) -> str:
        return f"{self.chapter}-{self.name}"


class Homework(models.Model):
    """What a student hands in at the end of a chapter."""

    chapter = models.ForeignKey("CourseChapter", on_delete=models.CASCADE)
    title = models.CharField(max_length=128, verbose_name="作业题目")
    order = models.PositiveSmallIntegerField(
        "作业顺序", help_text="同一课程的每个作业之前的order值间隔1-2个数"
    )
    homework_type_choices = ((0, "作业"), (1, "模块通关考核"))
    homework_type = models.SmallIntegerField(choices=homework_type_choices, default=0)
    requirement = models.TextField(max_length=1024, verbose_name="作业需求")
    threshold = models.TextField(max_length=1024, verbose_name="踩分点")
    recommend_period = models.PositiveSmallIntegerField("推荐完成周期(天)", default=7)
    scholarship_value = models.PositiveSmallIntegerField("为该作业分配的奖学金(贝里)")
    note = models.TextField(blank=True, null=True)
    enabled = models.BooleanField(
        default=True, help_text="本作业如果后期不需要了,不想让学员看到,可以设置为False"
    )

    class Meta:
        unique_together = ("chapter", "title")
        verbose_name = "章节作业"
        verbose_name_plural = "12. 章节作业"

    def __str__(self) -> str:
        return f"{self.chapter} - {self.title}"
